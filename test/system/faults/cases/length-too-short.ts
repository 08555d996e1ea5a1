/**
 * Says that its body is shorter than it is.
 */
import { answerFault } from '../fault.ts';
import { cutInFamily, goodBody, headWithLength } from '../good-body.ts';

const { sent, kept } = cutInFamily(30);

export default answerFault({
  name: 'length-too-short',
  answer: { kind: 'bytes', bytes: headWithLength(sent.length) + goodBody },
  kept,
  reasons: ['protocol'],
});
