/**
 * Sends its answer one byte after the other, and would take an hour.
 */
import { answerFault } from '../fault.ts';

export default answerFault({
  name: 'drips',
  answer: { kind: 'drip', bytes: 'HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n', everyMs: 20 },
  reasons: ['timeout'],
});
