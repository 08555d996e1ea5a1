/**
 * Says two types of one family.
 */
import { bodyFault } from '../fault.ts';
import { replaceInBody, withoutFamily } from '../good-body.ts';

const stays = 'kata_guest_load{item="load1"} 0.02\n';

export default bodyFault({
  name: 'two-types',
  sent: replaceInBody(stays, `${stays}# TYPE kata_guest_load histogram\n`),
  kept: withoutFamily('kata_guest_load'),
  reasons: ['bad_type'],
});
