/**
 * Knows no such page.
 */
import { answerFault } from '../fault.ts';

export default answerFault({
  name: 'status-404',
  answer: { kind: 'bytes', bytes: 'HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\n\r\nnot here\n' },
  reasons: ['http_status'],
});
