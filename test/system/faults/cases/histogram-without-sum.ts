/**
 * Has a histogram without its sum: OpenMetrics has no count then.
 */
import { bodyFault } from '../fault.ts';
import { goodBody } from '../good-body.ts';

const sent = `# TYPE kata_guest_wait_seconds histogram
kata_guest_wait_seconds_bucket{le="1"} 1
kata_guest_wait_seconds_bucket{le="+Inf"} 1
kata_guest_wait_seconds_count 1
`;

export default bodyFault({
  name: 'histogram-without-sum',
  sent: `${goodBody}${sent}`,
  kept: `${goodBody}${sent}`,
  reasons: [],
});
