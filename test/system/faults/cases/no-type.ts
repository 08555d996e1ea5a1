/**
 * Sends no TYPE line at all. The catalog knows the types; of what it does not know, histograms are not told from others.
 */
import { bodyFault } from '../fault.ts';
import { goodBody, withoutFamily } from '../good-body.ts';

export default bodyFault({
  name: 'no-type',
  sent: goodBody.replaceAll(/^# TYPE .*\n/gm, ''),
  kept: withoutFamily(
    'go_gc_heap_allocs_by_size_bytes_total',
    'go_gc_heap_frees_by_size_bytes_total',
    'go_gc_pauses_seconds_total',
    'go_sched_latencies_seconds',
  ),
  reasons: ['conflicting_family'],
});
