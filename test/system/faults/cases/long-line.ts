/**
 * Has lines of 3 MB: a label value, and a comment.
 */
import { bodyFault } from '../fault.ts';
import { goodBody } from '../good-body.ts';

export default bodyFault({
  name: 'long-line',
  sent: `${goodBody}kata_guest_load{item="${'x'.repeat(3_000_000)}"} 1\n# ${'y'.repeat(500_000)}\n`,
  reasons: ['label_value_too_long'],
});
