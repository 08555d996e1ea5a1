/**
 * Has an exemplar, which this format does not have.
 */
import { bodyFault } from '../fault.ts';
import { replaceInBody, withoutFamily } from '../good-body.ts';

const stays = 'kata_guest_load{item="load1"} 0.02\n';

export default bodyFault({
  name: 'openmetrics-exemplar',
  sent: replaceInBody(stays, `${stays}kata_guest_load{item="x"} 1 # {trace_id="t"} 1\n`),
  kept: withoutFamily('kata_guest_load'),
  reasons: ['bad_timestamp'],
});
