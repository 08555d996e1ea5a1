/**
 * Closes the connection behind the body, though it did not say that it would: that is no fault.
 */
import { answerFault } from '../fault.ts';
import { goodBody, headWithLength } from '../good-body.ts';

export default answerFault({
  name: 'closed-after-the-body',
  answer: { kind: 'bytes', bytes: headWithLength(goodBody.length) + goodBody, ending: 'close' },
  isUp: true,
  kept: goodBody,
  reasons: [],
});
