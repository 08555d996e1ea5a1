/**
 * Has a histogram whose sum is NaN, as runtimes in Go have them, and one whose sum is negative.
 */
import { bodyFault } from '../fault.ts';
import { goodBody } from '../good-body.ts';

const sent = `# TYPE kata_guest_wait_seconds histogram
kata_guest_wait_seconds_bucket{le="+Inf"} 1
kata_guest_wait_seconds_sum NaN
kata_guest_wait_seconds_count 1
kata_guest_wait_seconds_bucket{a="1",le="-1"} 1
kata_guest_wait_seconds_bucket{a="1",le="+Inf"} 1
kata_guest_wait_seconds_sum{a="1"} -2
kata_guest_wait_seconds_count{a="1"} 1
`;

export default bodyFault({
  name: 'histogram-sum-nan',
  sent: `${goodBody}${sent}`,
  kept: `${goodBody}${sent}`,
  reasons: [],
});
