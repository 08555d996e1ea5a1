/**
 * Sends a histogram without its _count.
 */
import { bodyFault } from '../fault.ts';
import { goodBody, withoutFamily } from '../good-body.ts';

const name = 'kata_shim_rpc_durations_histogram_milliseconds';

export default bodyFault({
  name: 'histogram-without-count',
  sent: goodBody.replace(new RegExp(`^${name}_count.*\n`, 'm'), ''),
  kept: withoutFamily(name),
  reasons: ['bad_histogram'],
});
