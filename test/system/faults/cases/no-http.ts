/**
 * Speaks something that is no HTTP.
 */
import { answerFault } from '../fault.ts';

export default answerFault({
  name: 'no-http',
  answer: { kind: 'bytes', bytes: 'SSH-2.0-OpenSSH_9.2\r\n' },
  reasons: ['protocol'],
});
