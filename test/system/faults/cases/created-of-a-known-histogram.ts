/**
 * Has gauges under names that readers derive from a family of the good sandboxes.
 */
import { bodyFault } from '../fault.ts';
import { goodBody } from '../good-body.ts';

const sent = `# TYPE kata_shim_rpc_durations_histogram_milliseconds_created gauge
kata_shim_rpc_durations_histogram_milliseconds_created 1
# TYPE kata_shim_go_gc_duration_seconds_created gauge
kata_shim_go_gc_duration_seconds_created 1
`;

export default bodyFault({
  name: 'created-of-a-known-histogram',
  sent: `${goodBody}${sent}`,
  kept: `${goodBody}${sent}`,
  reasons: [],
});
