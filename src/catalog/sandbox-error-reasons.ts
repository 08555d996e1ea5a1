/**
 * Every reason for which figures of a sandbox are missing, and what each means: the values of the label `reason` of
 * kata-monitor's families, and the table in docs/metrics.md. The monitor's own type of a reason is made from this list.
 */

import { limitReasons } from './sandbox-limits.ts';

/** What the shim's socket did. All figures of the sandbox may be missing. */
const connectionReasons = {
  aborted: 'The request to the shim was cancelled, because nobody waited for it any more.',
  http_status: 'The shim answered with a status that is not 200. Redirects are not followed.',
  internal: 'The monitor itself failed; it costs no more than this sandbox.',
  local_shortage:
    'The monitor, or its machine, had no file descriptor or memory left for another connection. The sandbox is not at fault.',
  missing: 'No socket in the directory of the sandbox.',
  over_budget:
    'The sandbox sent more than its share of the scrape: `--share-bytes` or `--share-samples`, and its part of what `--extra-bytes` and `--extra-samples` give to all that send more. Families that were complete before are kept.',
  protocol: 'What came is not HTTP/1.1, or lies about its length.',
  refused: 'Nobody listens on the socket, it is a file of another kind, or it may not be opened.',
  reset:
    'The connection ended before the response did. Families that were complete are kept. With runtime-rs over QEMU or Firecracker (up to Kata Containers 4.1) every GET /metrics ends like this, because its hypervisor metrics are not implemented: use the Go runtime or Dragonball there, or run `kata-shim attach` beside it, with a root of its own that --sandboxes-root names too.',
  slow: 'The shim responds, but takes longer than 500 ms while the monitor has nothing else to do. What came in time is kept; later scrapes wait for it only 250 ms longer than for the others, and leave it out when it takes longer.',
  starting: 'No socket yet, in a directory younger than 30 s.',
  timeout: 'The shim did not answer in time. Families that were whole are kept.',
  unsafe_socket:
    'The socket, the directory of the sandbox or the root belongs to neither root nor the user of the monitor, or its mode lets others write to it; or the directory is a symbolic link, or the socket is one that leads out of the root.',
} as const;

/** The line cannot be read, or the family makes no sense: the whole family of that sandbox is missing. */
const familyReasons = {
  bad_comment: 'A HELP line has a NUL, or a carriage return inside.',
  bad_escape: 'A backslash in a label value escapes something that it may not.',
  bad_histogram:
    'A histogram lacks `le`, its +Inf bucket or its count, has two buckets for one bound, samples of different times, or a bucket that holds less than one below it.',
  bad_label_name: 'A label name is none.',
  bad_metric_name: 'A metric name is none.',
  bad_summary:
    'A quantile of a summary has no `quantile` that is a number, or the summary has samples of different times.',
  bad_timestamp: 'A timestamp is not a number of milliseconds: 1 to 18 digits, without a sign.',
  bad_type: 'A TYPE line says a type that does not exist, or a second one.',
  bad_value: 'A value is no number, or longer than 512 bytes.',
  conflicting_family:
    "The family's type is another than that of the catalog, and its samples do not fit; or it is called as samples of another family are.",
  duplicate_label: 'A sample has a label twice.',
  forbidden_family: 'The family has a name that a sandbox may not send.',
  in_faulty_family: 'The sample itself is good, its family is not; only of `kata_sandbox_dropped_samples`.',
  invalid_utf8: 'A line is no UTF-8.',
  truncated: 'A line ends too early.',
  unterminated_label_value: 'A label value has no quotes around it, or a NUL or a line end in it.',
  wrong_sample_name: 'A histogram has a sample without _bucket, _sum or _count.',
} as const;

/** The line can be read but breaks a rule: only that line is missing. So it is with most limits (`limitReasons`). */
const lineReasons = {
  duplicate_series: 'The same series stands in the answer twice; the first is kept.',
  reserved_label: 'A sample has one of the labels that the monitor adds, or one that begins with `__`.',
  not_in_openmetrics:
    'OpenMetrics cannot carry the sample; only a client that asks for that form goes without it; only of `kata_sandbox_dropped_samples`.',
  utf8_name:
    'The name of a metric or a label is in quotes, as names beyond `[a-zA-Z0-9_:]` are written. Such names are not supported.',
} as const;

export const sandboxErrorReasons = { ...connectionReasons, ...familyReasons, ...lineReasons, ...limitReasons } as const;

export type SandboxErrorReason = keyof typeof sandboxErrorReasons;

/** For the catalog's label values. */
export const sandboxErrorReasonList = Object.keys(sandboxErrorReasons).sort() as SandboxErrorReason[];
