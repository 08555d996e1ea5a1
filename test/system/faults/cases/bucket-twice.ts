/**
 * Gives a bucket of one bound in two spellings, which newer readers take for one series.
 */
import { bodyFault } from '../fault.ts';
import { goodBody } from '../good-body.ts';

const sent = `# TYPE kata_guest_wait_seconds histogram
kata_guest_wait_seconds_bucket{le="1"} 1
kata_guest_wait_seconds_bucket{le="1.0"} 1
kata_guest_wait_seconds_bucket{le="+Inf"} 1
kata_guest_wait_seconds_sum 4
kata_guest_wait_seconds_count 1
`;

export default bodyFault({
  name: 'bucket-twice',
  sent: `${goodBody}${sent}`,
  reasons: ['bad_histogram'],
});
