/**
 * Stops in the middle of the body: what was whole before is kept.
 */
import { answerFault } from '../fault.ts';
import { cutInFamily, goodBody, headWithLength } from '../good-body.ts';

const { sent, kept } = cutInFamily(40);

export default answerFault({
  name: 'stops-in-the-body',
  answer: { kind: 'bytes', bytes: headWithLength(goodBody.length) + sent },
  kept,
  reasons: ['timeout'],
});
