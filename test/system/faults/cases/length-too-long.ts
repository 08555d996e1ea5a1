/**
 * Says that its body is longer than it is.
 */
import { answerFault } from '../fault.ts';
import { goodBody, goodFamilies, headWithLength } from '../good-body.ts';

export default answerFault({
  name: 'length-too-long',
  answer: { kind: 'bytes', bytes: headWithLength(goodBody.length + 1000) + goodBody, ending: 'close' },
  kept: goodFamilies.slice(0, -1).join(''),
  reasons: ['reset'],
});
