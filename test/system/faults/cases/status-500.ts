/**
 * Has failed.
 */
import { answerFault } from '../fault.ts';

export default answerFault({
  name: 'status-500',
  answer: { kind: 'bytes', bytes: 'HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n' },
  reasons: ['http_status'],
});
