/**
 * Calls a family as the buckets of another are called, and a histogram so that its count has the name of another family.
 */
import { bodyFault } from '../fault.ts';
import { goodBody } from '../good-body.ts';

const buckets = 'kata_shim_rpc_durations_histogram_milliseconds_bucket';

export default bodyFault({
  name: 'name-of-a-bucket',
  sent: `# TYPE ${buckets} gauge
${buckets} 1
# TYPE kata_agent_scrape histogram
kata_agent_scrape_bucket{le="+Inf"} 1
kata_agent_scrape_sum 1
kata_agent_scrape_count 1
${goodBody}`,
  reasons: ['conflicting_family'],
});
