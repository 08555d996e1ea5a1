/**
 * Has a timestamp before 1970: Prometheus' lexer takes digits alone.
 */
import { bodyFault } from '../fault.ts';
import { replaceInBody, withoutFamily } from '../good-body.ts';

const stays = 'kata_guest_load{item="load1"} 0.02\n';

export default bodyFault({
  name: 'negative-timestamp',
  sent: replaceInBody(stays, `${stays}kata_guest_load{item="x"} 1 -1\n`),
  kept: withoutFamily('kata_guest_load'),
  reasons: ['bad_timestamp'],
});
