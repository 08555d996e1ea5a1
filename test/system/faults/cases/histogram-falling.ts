/**
 * Sends buckets that hold fewer observations than those below them: only values differ from a good body.
 */
import { bodyFault } from '../fault.ts';
import { goodBody, withoutFamily } from '../good-body.ts';

const name = 'kata_shim_rpc_durations_histogram_milliseconds';

export default bodyFault({
  name: 'histogram-falling',
  sent: goodBody.replace(new RegExp(`^(${name}_bucket\\{.*\\}) .*$`, 'm'), '$1 123456789'),
  kept: withoutFamily(name),
  reasons: ['bad_histogram'],
});
