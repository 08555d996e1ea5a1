/**
 * Takes the request and never answers.
 */
import { answerFault } from '../fault.ts';

export default answerFault({
  name: 'silent',
  answer: { kind: 'silence' },
  reasons: ['timeout'],
});
