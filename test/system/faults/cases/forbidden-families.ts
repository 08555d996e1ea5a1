/**
 * Sends the monitor's own families, what the monitor says of sandboxes, and strangers.
 */
import { bodyFault } from '../fault.ts';
import { goodBody } from '../good-body.ts';

export default bodyFault({
  name: 'forbidden-families',
  sent: `${goodBody}# TYPE kata_monitor_running_shim_count gauge
kata_monitor_running_shim_count 4000
# TYPE kata_sandbox_up gauge
kata_sandbox_up 1
# TYPE up gauge
up 1
# TYPE node_load1 gauge
node_load1 100
`,
  reasons: ['forbidden_family'],
});
