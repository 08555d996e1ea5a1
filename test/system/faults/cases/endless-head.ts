/**
 * Sends headers without end.
 */
import { answerFault } from '../fault.ts';

export default answerFault({
  name: 'endless-head',
  answer: { kind: 'endless', head: 'HTTP/1.1 200 OK\r\n', piece: 'X-More: and more\r\n' },
  reasons: ['protocol'],
});
