/**
 * Compresses what nobody asked it to.
 */
import { answerFault } from '../fault.ts';

export default answerFault({
  name: 'compressed-unasked',
  answer: { kind: 'bytes', bytes: 'HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 1\r\n\r\nx' },
  reasons: ['protocol'],
});
