/**
 * Has a NUL in the value of a label.
 */
import { bodyFault } from '../fault.ts';
import { replaceInBody, withoutFamily } from '../good-body.ts';

const stays = 'kata_guest_load{item="load1"} 0.02\n';

export default bodyFault({
  name: 'nul-in-label',
  sent: replaceInBody(stays, `${stays}kata_guest_load{item="x\0y"} 1\n`),
  kept: withoutFamily('kata_guest_load'),
  reasons: ['unterminated_label_value'],
});
