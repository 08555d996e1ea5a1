/**
 * Has an escape that the format does not know.
 */
import { bodyFault } from '../fault.ts';
import { replaceInBody, withoutFamily } from '../good-body.ts';

const stays = 'kata_guest_load{item="load1"} 0.02\n';

export default bodyFault({
  name: 'bad-escape',
  sent: replaceInBody(stays, `${stays}kata_guest_load{item="\\t"} 1\n`),
  kept: withoutFamily('kata_guest_load'),
  reasons: ['bad_escape'],
});
