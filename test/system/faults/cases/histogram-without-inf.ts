/**
 * Sends a histogram without its +Inf bucket.
 */
import { bodyFault } from '../fault.ts';
import { goodBody, withoutFamily } from '../good-body.ts';

const name = 'kata_shim_rpc_durations_histogram_milliseconds';

export default bodyFault({
  name: 'histogram-without-inf',
  sent: goodBody.replaceAll(new RegExp(`^${name}_bucket\\{.*le="\\+Inf"\\} .*\n`, 'gm'), ''),
  kept: withoutFamily(name),
  reasons: ['bad_histogram'],
});
