/**
 * Gives the buckets of a histogram in no order: OpenMetrics has them by their bounds.
 */
import { bodyFault } from '../fault.ts';
import { goodBody } from '../good-body.ts';

const sent = `# TYPE kata_guest_wait_seconds histogram
kata_guest_wait_seconds_count 3
kata_guest_wait_seconds_bucket{le="+Inf"} 3
kata_guest_wait_seconds_bucket{le="10"} 2
kata_guest_wait_seconds_sum 4
kata_guest_wait_seconds_bucket{le="9"} 1
`;

export default bodyFault({
  name: 'buckets-out-of-order',
  sent: `${goodBody}${sent}`,
  kept: `${goodBody}${sent}`,
  reasons: [],
});
