/**
 * Has a header that is none.
 */
import { answerFault } from '../fault.ts';

export default answerFault({
  name: 'bad-header',
  answer: { kind: 'bytes', bytes: 'HTTP/1.1 200 OK\r\nno colon here\r\n\r\n' },
  reasons: ['protocol'],
});
