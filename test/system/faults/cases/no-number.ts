/**
 * Has a value that is no number.
 */
import { bodyFault } from '../fault.ts';
import { replaceInBody, withoutFamily } from '../good-body.ts';

const stays = 'kata_guest_load{item="load1"} 0.02\n';

export default bodyFault({
  name: 'no-number',
  sent: replaceInBody(stays, `${stays}kata_guest_load{item="x"} many\n`),
  kept: withoutFamily('kata_guest_load'),
  reasons: ['bad_value'],
});
