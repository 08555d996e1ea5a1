/**
 * Has gauges under names that readers derive from its counter and its histogram.
 */
import { bodyFault } from '../fault.ts';
import { goodBody } from '../good-body.ts';

const sent = `# TYPE kata_guest_events_total counter
kata_guest_events_total 1
# TYPE kata_guest_events_created gauge
kata_guest_events_created 1
# TYPE kata_guest_events_info gauge
kata_guest_events_info 1
# TYPE kata_guest_wait_seconds histogram
kata_guest_wait_seconds_bucket{le="+Inf"} 1
kata_guest_wait_seconds_sum 1
kata_guest_wait_seconds_count 1
# TYPE kata_guest_wait_seconds_created gauge
kata_guest_wait_seconds_created 1
# TYPE kata_guest_wait_seconds_total counter
kata_guest_wait_seconds_total 1
`;

export default bodyFault({
  name: 'created-beside-a-counter',
  sent: `${goodBody}${sent}`,
  kept: `${goodBody}${sent}`,
  reasons: [],
});
