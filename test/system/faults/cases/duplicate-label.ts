/**
 * Has a label twice in one sample.
 */
import { bodyFault } from '../fault.ts';
import { replaceInBody, withoutFamily } from '../good-body.ts';

const stays = 'kata_guest_load{item="load1"} 0.02\n';

export default bodyFault({
  name: 'duplicate-label',
  sent: replaceInBody(stays, `${stays}kata_guest_load{item="x",item="y"} 1\n`),
  kept: withoutFamily('kata_guest_load'),
  reasons: ['duplicate_label'],
});
