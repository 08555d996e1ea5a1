/**
 * Sends a body without end: it is cut off at the bound, long before the timeout would.
 */
import { answerFault } from '../fault.ts';
import { goodBody, goodFamilies } from '../good-body.ts';

export default answerFault({
  name: 'endless-body',
  answer: {
    kind: 'endless',
    head: `HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n${goodBody}`,
    piece: `# ${'x'.repeat(65_533)}\n`,
  },
  kept: goodFamilies.slice(0, -1).join(''),
  reasons: ['too_large'],
});
