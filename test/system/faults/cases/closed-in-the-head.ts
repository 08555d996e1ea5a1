/**
 * Closes the connection in the middle of the head.
 */
import { answerFault } from '../fault.ts';

export default answerFault({
  name: 'closed-in-the-head',
  answer: { kind: 'bytes', bytes: 'HTTP/1.1 200 OK\r\nContent-', ending: 'close' },
  reasons: ['reset'],
});
