/**
 * Faults of one sandbox: families: their HELP, their TYPE and their names.
 */
import { badLine, bodyFault, type Fault, fineLines } from '../fault.ts';
import { goodBody, goodFamilies, replaceInBody, withoutFamily } from '../good-body.ts';

const load15 = 'kata_guest_load{item="load15"} 0.26\n';
const RPC = 'kata_shim_rpc_durations_histogram_milliseconds';

export const families: readonly Fault[] = [
  // Has another HELP, as other versions of Kata have: the HELP of the catalog is written, and no sample is dropped.
  bodyFault({
    name: 'another-help',
    sent: replaceInBody('# HELP kata_guest_load Guest system load.', '# HELP kata_guest_load Buy now!'),
    reasons: [],
  }),
  // Declares a gauge as a counter: its samples fit the type of the catalog.
  bodyFault({
    name: 'another-type',
    sent: replaceInBody('# TYPE kata_guest_load gauge', '# TYPE kata_guest_load counter'),
    reasons: [],
  }),
  // Has gauges with the names that readers derive from its counter and its histogram.
  fineLines(
    'created-beside-a-counter',
    `# TYPE kata_guest_events_total counter
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
`,
  ),
  // Has gauges with the names that readers derive from a family of the good sandboxes.
  fineLines(
    'created-of-a-known-histogram',
    `# TYPE kata_shim_rpc_durations_histogram_milliseconds_created gauge
kata_shim_rpc_durations_histogram_milliseconds_created 1
# TYPE kata_shim_go_gc_duration_seconds_created gauge
kata_shim_go_gc_duration_seconds_created 1
`,
  ),
  // Sends one family in two places: its samples are together in the response.
  bodyFault({
    name: 'family-in-two-places',
    sent: `# TYPE kata_guest_tasks gauge\n${replaceInBody(load15, '')}${load15}`,
    kept: goodBody,
    reasons: [],
  }),
  // Repeats a family after the first, with HELP and TYPE: the first sample of each series is kept.
  bodyFault({
    name: 'family-twice',
    sent: goodFamilies
      .map((family) =>
        family.startsWith('# HELP kata_guest_load ') ? family + family.replaceAll(/\d+$/gm, '9') : family,
      )
      .join(''),
    reasons: ['duplicate_series'],
  }),
  // Sends the monitor's own families, families about sandboxes, and families without a known prefix.
  bodyFault({
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
  }),
  // Escapes characters in a HELP text that need no escape, for which strict readers reject a response.
  fineLines(
    'help-with-odd-escapes',
    `# HELP kata_guest_odd a \\t b \\" c \\
# TYPE kata_guest_odd gauge
kata_guest_odd 1
`,
  ),
  // Sends a histogram with the name of a gauge: its samples fit no gauge and are dropped.
  bodyFault({
    name: 'histogram-for-a-gauge',
    sent: `${withoutFamily('kata_guest_load')}# TYPE kata_guest_load histogram
kata_guest_load_bucket{le="1"} 1
kata_guest_load_bucket{le="+Inf"} 2
kata_guest_load_sum 3
kata_guest_load_count 2
`,
    kept: withoutFamily('kata_guest_load'),
    reasons: ['conflicting_family'],
  }),
  // Names a family like the buckets of another, and a histogram so that its count has the name of another family.
  bodyFault({
    name: 'name-of-a-bucket',
    sent: `# TYPE ${RPC}_bucket gauge
${RPC}_bucket 1
# TYPE kata_agent_scrape histogram
kata_agent_scrape_bucket{le="+Inf"} 1
kata_agent_scrape_sum 1
kata_agent_scrape_count 1
${goodBody}`,
    reasons: ['conflicting_family'],
  }),
  // Sends no TYPE line. The catalog knows the types; histograms that it does not know are not recognized.
  bodyFault({
    name: 'no-type',
    sent: goodBody.replaceAll(/^# TYPE .*\n/gm, ''),
    kept: withoutFamily(
      'go_gc_heap_allocs_by_size_bytes_total',
      'go_gc_heap_frees_by_size_bytes_total',
      'go_gc_pauses_seconds_total',
      'go_sched_latencies_seconds',
    ),
    reasons: ['conflicting_family'],
  }),
  // Sends lines that have a meaning in OpenMetrics only.
  bodyFault({
    name: 'openmetrics-words',
    sent: `${goodBody}# UNIT kata_guest_odd_seconds seconds
# TYPE kata_guest_odd_seconds gauge
kata_guest_odd_seconds 1
# EOF
`,
    kept: `${goodBody}# TYPE kata_guest_odd_seconds gauge\nkata_guest_odd_seconds 1\n`,
    reasons: [],
  }),
  // Sends a family of its process with the bare name and with the name that the monitor gives it.
  bodyFault({
    name: 'shim-family-by-both-names',
    sent: `${goodBody}# TYPE kata_shim_go_goroutines gauge\nkata_shim_go_goroutines 1\n`,
    reasons: ['forbidden_family'],
  }),
  // Declares two types of one family.
  badLine('two-types', 'bad_type', `# TYPE kata_guest_load histogram`),
  // Declares other types for families outside the catalog than the good sandboxes do, and names that their samples have: no sample is dropped, and the scalar family is untyped.
  fineLines(
    'type-of-an-unknown-family',
    `# TYPE kata_guest_mixed counter
kata_guest_mixed{item="a"} 1
# TYPE kata_guest_spread_sum gauge
kata_guest_spread_sum 1
`,
  ),
  // Declares types that text 0.0.4 does not have: those families are dropped.
  bodyFault({
    name: 'types-of-openmetrics',
    sent: `${goodBody}# TYPE kata_guest_odd info
kata_guest_odd_info 1
# TYPE kata_guest_state stateset
kata_guest_state{kata_guest_state="a"} 1
# TYPE kata_guest_load2 unknown
kata_guest_load2 1
`,
    kept: `${goodBody}kata_guest_odd_info 1\n`,
    reasons: ['bad_type'],
  }),
];
