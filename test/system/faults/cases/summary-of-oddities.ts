/**
 * Has quantiles beyond 1, negative and NaN values, and a sum that is negative.
 */
import { bodyFault } from '../fault.ts';
import { goodBody } from '../good-body.ts';

const sent = `# TYPE kata_guest_wait_seconds summary
kata_guest_wait_seconds{quantile="0.5"} -1
kata_guest_wait_seconds{quantile="2"} 1
kata_guest_wait_seconds{quantile="1"} NaN
kata_guest_wait_seconds_sum -1
kata_guest_wait_seconds_count 1.5
`;

export default bodyFault({
  name: 'summary-of-oddities',
  sent: `${goodBody}${sent}`,
  kept: `${goodBody}${sent}`,
  reasons: [],
});
