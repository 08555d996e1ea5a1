/**
 * Has counts that are not whole, infinite, or differ beyond the digits of a double.
 */
import { bodyFault } from '../fault.ts';
import { goodBody } from '../good-body.ts';

const sent = `# TYPE kata_guest_wait_seconds histogram
kata_guest_wait_seconds_bucket{le="+Inf"} 1.5
kata_guest_wait_seconds_sum 1
kata_guest_wait_seconds_count 1.5
kata_guest_wait_seconds_bucket{a="1",le="1"} 9007199254740993
kata_guest_wait_seconds_bucket{a="1",le="+Inf"} 9007199254740992
kata_guest_wait_seconds_count{a="1"} 9007199254740993
kata_guest_wait_seconds_bucket{a="2",le="+Inf"} +Inf
kata_guest_wait_seconds_count{a="2"} +Inf
`;

export default bodyFault({
  name: 'histogram-of-parts',
  sent: `${goodBody}${sent}`,
  kept: `${goodBody}${sent}`,
  reasons: [],
});
