/**
 * Closes the connection in the middle of the body: what was whole before is kept.
 */
import { answerFault } from '../fault.ts';
import { cutInFamily, goodBody, headWithLength } from '../good-body.ts';

const { sent, kept } = cutInFamily(60);

export default answerFault({
  name: 'closed-in-the-body',
  answer: { kind: 'bytes', bytes: headWithLength(goodBody.length) + sent, ending: 'close' },
  kept,
  reasons: ['reset'],
});
