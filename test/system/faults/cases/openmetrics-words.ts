/**
 * Sends lines that mean something in OpenMetrics alone.
 */
import { bodyFault } from '../fault.ts';
import { goodBody } from '../good-body.ts';

const sent = `# UNIT kata_guest_odd_seconds seconds
# TYPE kata_guest_odd_seconds gauge
kata_guest_odd_seconds 1
# EOF
`;

export default bodyFault({
  name: 'openmetrics-words',
  sent: `${goodBody}${sent}`,
  kept: `${goodBody}# TYPE kata_guest_odd_seconds gauge\nkata_guest_odd_seconds 1\n`,
  reasons: [],
});
