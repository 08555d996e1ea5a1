/**
 * Has a CR that ends no line.
 */
import { bodyFault } from '../fault.ts';
import { replaceInBody, withoutFamily } from '../good-body.ts';

const stays = 'kata_guest_load{item="load1"} 0.02\n';

export default bodyFault({
  name: 'lone-cr',
  sent: replaceInBody(stays, `${stays}kata_guest_load{item="x"} 1\r2\n`),
  kept: withoutFamily('kata_guest_load'),
  reasons: ['bad_value'],
});
