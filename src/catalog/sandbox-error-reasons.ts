/**
 * Every reason for missing metrics of a sandbox, with its meaning: the values of the label `reason` of kata-monitor's
 * families, and the table in docs/metrics.md. The monitor's type of a reason is derived from this list.
 */

import { limitReasons } from './sandbox-limits.ts';

/** Faults of the connection to the shim. All metrics of the sandbox may be missing. */
const connectionReasons = {
  aborted: 'The request to the shim was cancelled, because no client waited for it any longer.',
  http_status: 'The shim responded with a status other than 200. Redirects are not followed.',
  internal: 'The monitor itself failed. Only this sandbox is affected.',
  local_shortage:
    'The monitor, or its machine, had no file descriptor or memory left for another connection. The sandbox is not the cause.',
  missing: 'The directory of the sandbox has no socket.',
  over_budget:
    'The sandbox sent more than its share of the scrape: `--share-bytes` or `--share-samples`, and its part of `--extra-bytes` and `--extra-samples`, which are divided among the sandboxes that exceed their share. Families that were complete before are kept.',
  protocol: 'The response is not valid HTTP/1.1, or its length is not the announced one.',
  refused: 'No process listens on the socket, it is not a socket, or the monitor may not open it.',
  reset:
    'The connection ended before the response did. Families that were complete are kept. With runtime-rs over QEMU or Firecracker (up to Kata Containers 4.1) every GET /metrics ends like this, because its hypervisor metrics are not implemented: use the Go runtime or Dragonball there, or run `kata-shim attach` in addition, with a separate root that is also set in --sandboxes-root.',
  slow: 'The shim responds, but takes longer than 500 ms while the monitor has nothing else to do. Families that arrived in time are kept. Later scrapes wait for this shim only 250 ms longer than for the others, and then omit it.',
  starting: 'The directory of the sandbox has no socket yet and is younger than 30 s.',
  timeout: 'The shim did not respond in time. Families that were complete are kept.',
  unsafe_socket:
    'The socket, the directory of the sandbox or the root belongs to neither root nor the user of the monitor, or is writable by other users; or the directory is a symbolic link, or the socket is a symbolic link to a path outside the root.',
} as const;

/** The line cannot be parsed, or the family is inconsistent: the whole family of that sandbox is missing. */
const familyReasons = {
  bad_comment: 'A HELP line contains a NUL, or a carriage return that is not at its end.',
  bad_escape: 'A label value has an invalid escape sequence.',
  bad_histogram:
    'A histogram has no `le`, no +Inf bucket or no count, has two buckets with the same `le`, samples with different timestamps, or a bucket with a lower count than a smaller one.',
  bad_label_name: 'A label name is invalid.',
  bad_metric_name: 'A metric name is invalid.',
  bad_summary:
    'A summary has a sample whose label `quantile` is missing or not a number, or samples with different timestamps.',
  bad_timestamp: 'A timestamp is invalid: it must be milliseconds, 1 to 18 digits, without a sign.',
  bad_type: 'A TYPE line has an unknown type, or is a second one for the family.',
  bad_value: 'A value is not a number, or is longer than 512 bytes.',
  conflicting_family:
    'The type of the family differs from the catalog, and its samples do not fit; or its name is that of a sample of another family.',
  duplicate_label: 'A sample has the same label twice.',
  forbidden_family: 'A sandbox may not send a family of this name.',
  in_faulty_family: 'The sample is valid, but its family is not. Only in `kata_sandbox_dropped_samples`.',
  invalid_utf8: 'A line is not valid UTF-8.',
  truncated: 'A line ends too early.',
  unterminated_label_value: 'A label value has no quotes, or contains a NUL or a line end.',
  wrong_sample_name: 'A histogram has a sample without the suffix _bucket, _sum or _count.',
} as const;

/** The line can be parsed but breaks a rule: only that line is missing. The same applies to most limits (`limitReasons`). */
const lineReasons = {
  duplicate_series: 'The response has the same series twice. The first sample is kept.',
  reserved_label: 'A sample has a label that the monitor adds, or one that begins with `__`.',
  not_in_openmetrics:
    'OpenMetrics cannot represent the sample. Only clients that request that format do not get it. Only in `kata_sandbox_dropped_samples`.',
  utf8_name:
    'The name of a metric or a label is quoted, as names outside `[a-zA-Z0-9_:]` are. Such names are not supported.',
} as const;

export const sandboxErrorReasons = { ...connectionReasons, ...familyReasons, ...lineReasons, ...limitReasons } as const;

export type SandboxErrorReason = keyof typeof sandboxErrorReasons;

/** The label values for the catalog. */
export const sandboxErrorReasonList = Object.keys(sandboxErrorReasons).sort() as SandboxErrorReason[];
