/**
 * Sends a bucket that does not say what it is the bucket of.
 */
import { bodyFault } from '../fault.ts';
import { goodBody, withoutFamily } from '../good-body.ts';

const name = 'kata_shim_rpc_durations_histogram_milliseconds';

export default bodyFault({
  name: 'histogram-without-le',
  sent: goodBody.replace(`${name}_bucket{`, `${name}_bucket{action="none"} 1\n${name}_bucket{`),
  kept: withoutFamily(name),
  reasons: ['bad_histogram'],
});
