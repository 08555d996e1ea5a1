/**
 * Closes the connection without a word.
 */
import { answerFault } from '../fault.ts';

export default answerFault({
  name: 'closed-before-the-answer',
  answer: { kind: 'bytes', bytes: '', ending: 'close' },
  reasons: ['reset'],
});
