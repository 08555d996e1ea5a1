/**
 * Faults of one sandbox: histograms and summaries.
 */
import { badLines, bodyFault, type Fault, fineLines } from '../fault.ts';
import { goodBody, withoutFamily } from '../good-body.ts';

const RPC = 'kata_shim_rpc_durations_histogram_milliseconds';

export const histograms: readonly Fault[] = [
  // Has two spellings of the same upper limit, which newer readers take for one series.
  badLines(
    'bucket-twice',
    'bad_histogram',
    `# TYPE kata_guest_wait_seconds histogram
kata_guest_wait_seconds_bucket{le="1"} 1
kata_guest_wait_seconds_bucket{le="1.0"} 1
kata_guest_wait_seconds_bucket{le="+Inf"} 1
kata_guest_wait_seconds_sum 4
kata_guest_wait_seconds_count 1
`,
  ),
  // Has the buckets of a histogram in no order: OpenMetrics sorts them by their upper limits.
  fineLines(
    'buckets-out-of-order',
    `# TYPE kata_guest_wait_seconds histogram
kata_guest_wait_seconds_count 3
kata_guest_wait_seconds_bucket{le="+Inf"} 3
kata_guest_wait_seconds_bucket{le="10"} 2
kata_guest_wait_seconds_sum 4
kata_guest_wait_seconds_bucket{le="9"} 1
`,
  ),
  // Sends buckets with fewer observations than those before them: only values differ from a good body.
  bodyFault({
    name: 'histogram-falling',
    sent: goodBody.replace(new RegExp(`^(${RPC}_bucket\\{.*\\}) .*$`, 'm'), '$1 123456789'),
    kept: withoutFamily(RPC),
    reasons: ['bad_histogram'],
  }),
  // Has counts that are fractions, infinite, or differ beyond the digits of a double.
  fineLines(
    'histogram-of-parts',
    `# TYPE kata_guest_wait_seconds histogram
kata_guest_wait_seconds_bucket{le="+Inf"} 1.5
kata_guest_wait_seconds_sum 1
kata_guest_wait_seconds_count 1.5
kata_guest_wait_seconds_bucket{a="1",le="1"} 9007199254740993
kata_guest_wait_seconds_bucket{a="1",le="+Inf"} 9007199254740992
kata_guest_wait_seconds_count{a="1"} 9007199254740993
kata_guest_wait_seconds_bucket{a="2",le="+Inf"} +Inf
kata_guest_wait_seconds_count{a="2"} +Inf
`,
  ),
  // Has a histogram whose sum is NaN, as Go runtimes send, and one whose sum is negative.
  fineLines(
    'histogram-sum-nan',
    `# TYPE kata_guest_wait_seconds histogram
kata_guest_wait_seconds_bucket{le="+Inf"} 1
kata_guest_wait_seconds_sum NaN
kata_guest_wait_seconds_count 1
kata_guest_wait_seconds_bucket{a="1",le="-1"} 1
kata_guest_wait_seconds_bucket{a="1",le="+Inf"} 1
kata_guest_wait_seconds_sum{a="1"} -2
kata_guest_wait_seconds_count{a="1"} 1
`,
  ),
  // Sends a histogram without its _count.
  bodyFault({
    name: 'histogram-without-count',
    sent: goodBody.replace(new RegExp(`^${RPC}_count.*\n`, 'm'), ''),
    kept: withoutFamily(RPC),
    reasons: ['bad_histogram'],
  }),
  // Sends a histogram without its +Inf bucket.
  bodyFault({
    name: 'histogram-without-inf',
    sent: goodBody.replaceAll(new RegExp(`^${RPC}_bucket\\{.*le="\\+Inf"\\} .*\n`, 'gm'), ''),
    kept: withoutFamily(RPC),
    reasons: ['bad_histogram'],
  }),
  // Sends a bucket without `le`.
  bodyFault({
    name: 'histogram-without-le',
    sent: goodBody.replace(`${RPC}_bucket{`, `${RPC}_bucket{action="none"} 1\n${RPC}_bucket{`),
    kept: withoutFamily(RPC),
    reasons: ['bad_histogram'],
  }),
  // Has a histogram without its sum: it has no count in OpenMetrics.
  fineLines(
    'histogram-without-sum',
    `# TYPE kata_guest_wait_seconds histogram
kata_guest_wait_seconds_bucket{le="1"} 1
kata_guest_wait_seconds_bucket{le="+Inf"} 1
kata_guest_wait_seconds_count 1
`,
  ),
  // Has quantiles beyond 1, negative and NaN values, and a sum that is negative.
  fineLines(
    'summary-of-oddities',
    `# TYPE kata_guest_wait_seconds summary
kata_guest_wait_seconds{quantile="0.5"} -1
kata_guest_wait_seconds{quantile="2"} 1
kata_guest_wait_seconds{quantile="1"} NaN
kata_guest_wait_seconds_sum -1
kata_guest_wait_seconds_count 1.5
`,
  ),
  // Has a summary sample without `quantile`.
  badLines(
    'summary-without-quantile',
    'bad_summary',
    `# TYPE kata_guest_wait_seconds summary
kata_guest_wait_seconds 1
kata_guest_wait_seconds_sum 1
kata_guest_wait_seconds_count 1
`,
  ),
];
