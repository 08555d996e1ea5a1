/**
 * Has a summary that does not say which quantile it gives.
 */
import { bodyFault } from '../fault.ts';
import { goodBody } from '../good-body.ts';

const sent = `# TYPE kata_guest_wait_seconds summary
kata_guest_wait_seconds 1
kata_guest_wait_seconds_sum 1
kata_guest_wait_seconds_count 1
`;

export default bodyFault({
  name: 'summary-without-quantile',
  sent: `${goodBody}${sent}`,
  reasons: ['bad_summary'],
});
