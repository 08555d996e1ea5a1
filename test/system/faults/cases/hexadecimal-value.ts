/**
 * Has a value in a spelling that Go reads and Prometheus refuses.
 */
import { bodyFault } from '../fault.ts';
import { replaceInBody, withoutFamily } from '../good-body.ts';

const stays = 'kata_guest_load{item="load1"} 0.02\n';

export default bodyFault({
  name: 'hexadecimal-value',
  sent: replaceInBody(stays, `${stays}kata_guest_load{item="x"} 0x1p-2\n`),
  kept: withoutFamily('kata_guest_load'),
  reasons: ['bad_value'],
});
