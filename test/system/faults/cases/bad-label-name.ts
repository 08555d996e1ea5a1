/**
 * Has a label whose name begins with a digit.
 */
import { bodyFault } from '../fault.ts';
import { replaceInBody, withoutFamily } from '../good-body.ts';

const stays = 'kata_guest_load{item="load1"} 0.02\n';

export default bodyFault({
  name: 'bad-label-name',
  sent: replaceInBody(stays, `${stays}kata_guest_load{1tem="x"} 1\n`),
  kept: withoutFamily('kata_guest_load'),
  reasons: ['bad_label_name'],
});
