/**
 * Sends nothing as its body, which is little but no lie.
 */
import { bodyFault } from '../fault.ts';

export default bodyFault({ name: 'empty-body', sent: '', kept: '', reasons: [] });
