/**
 * Has counters that are NaN and negative, which OpenMetrics forbids.
 */
import { bodyFault } from '../fault.ts';
import { goodBody } from '../good-body.ts';

const sent = `# TYPE kata_guest_events_total counter
kata_guest_events_total{item="a"} NaN
kata_guest_events_total{item="b"} -1
kata_guest_events_total{item="c"} 2
`;

export default bodyFault({
  name: 'counter-nan',
  sent: `${goodBody}${sent}`,
  kept: `${goodBody}${sent}`,
  reasons: [],
});
