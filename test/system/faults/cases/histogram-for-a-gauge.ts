/**
 * Sends a histogram under the name of a gauge: its samples fit no gauge, and go.
 */
import { bodyFault } from '../fault.ts';
import { withoutFamily } from '../good-body.ts';

const histogram = `# TYPE kata_guest_load histogram
kata_guest_load_bucket{le="1"} 1
kata_guest_load_bucket{le="+Inf"} 2
kata_guest_load_sum 3
kata_guest_load_count 2
`;
const kept = withoutFamily('kata_guest_load');

export default bodyFault({
  name: 'histogram-for-a-gauge',
  sent: kept + histogram,
  kept,
  reasons: ['conflicting_family'],
});
