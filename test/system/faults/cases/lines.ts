/**
 * Faults of one sandbox: samples and their labels.
 */
import { badLine, bodyFault, droppedLines, type Fault, fineLines } from '../fault.ts';
import { goodBody, replaceInBody, withoutFamily } from '../good-body.ts';

const guestCpu0 = 'kata_guest_cpu_time{cpu="0",item="guest"} ';
const timed = [42, 43].map((value) => `kata_guest_load{item="t${value}"} ${value}`);

export const lines: readonly Fault[] = [
  // Has an escape that the format does not have.
  badLine('bad-escape', 'bad_escape', `kata_guest_load{item="\\t"} 1`),
  // Has a label whose name begins with a digit.
  badLine('bad-label-name', 'bad_label_name', `kata_guest_load{1tem="x"} 1`),
  // Has samples with invalid names, which belong to no family.
  bodyFault({
    name: 'bad-metric-name',
    sent: `${goodBody}9lives 1\n-kata_guest_load 1\n{item="x"} 1\nkätä 1\n`,
    reasons: ['bad_metric_name'],
  }),
  // Has an invalid timestamp.
  badLine('bad-timestamp', 'bad_timestamp', `kata_guest_load{item="x"} 1 yesterday`),
  // Sends bytes that are not text.
  bodyFault({
    name: 'binary-body',
    sent: Buffer.from(Array.from({ length: 4096 }, (_, i) => ((i * 7) % 256) & 0xf5)),
    kept: '',
    reasons: ['bad_metric_name'],
  }),
  // Has counters that are NaN and negative, which OpenMetrics forbids.
  fineLines(
    'counter-nan',
    `# TYPE kata_guest_events_total counter
kata_guest_events_total{item="a"} NaN
kata_guest_events_total{item="b"} -1
kata_guest_events_total{item="c"} 2
`,
  ),
  // Ends every line with CR LF: that is accepted.
  bodyFault({ name: 'crlf', sent: goodBody.replaceAll('\n', '\r\n'), reasons: [] }),
  // Has a label twice in one sample.
  badLine('duplicate-label', 'duplicate_label', `kata_guest_load{item="x",item="y"} 1`),
  // Sends an empty body: valid.
  bodyFault({ name: 'empty-body', sent: '', kept: '', reasons: [] }),
  // Has label values with braces and with what begins an exemplar in OpenMetrics.
  fineLines(
    'hash-in-a-label',
    `kata_guest_odd{item=" # {a=1} 5"} 1
kata_guest_odd{item="} # {"} 1
kata_guest_odd{item="a # b"} 1
kata_guest_odd{item="\\\\ # \\"} 2"} 1
kata_guest_odd{item="# EOF"} 1
`,
  ),
  // Has a value in a spelling that Go reads and Prometheus refuses.
  badLine('hexadecimal-value', 'bad_value', `kata_guest_load{item="x"} 0x1p-2`),
  // Has timestamps far in the future and in 1970.
  fineLines(
    'huge-timestamps',
    `kata_guest_odd{item="a"} 1 999999999999999999
kata_guest_odd{item="b"} 1 0
kata_guest_odd{item="c"} 1 1700000000123
`,
  ),
  // Has a label value that is not UTF-8.
  bodyFault({
    name: 'invalid-utf8',
    sent: Buffer.concat([
      Buffer.from(`${goodBody}kata_guest_load{item="`),
      Buffer.from([0xc3, 0x28]),
      Buffer.from('"} 1\n'),
    ]),
    kept: withoutFamily('kata_guest_load'),
    reasons: ['invalid_utf8'],
  }),
  // Has a CR in the middle of a line.
  badLine('lone-cr', 'bad_value', `kata_guest_load{item="x"} 1\r2`),
  // Has a timestamp before 1970: Prometheus' lexer accepts digits only.
  badLine('negative-timestamp', 'bad_timestamp', `kata_guest_load{item="x"} 1 -1`),
  // Has a value that is not a number.
  badLine('no-number', 'bad_value', `kata_guest_load{item="x"} many`),
  // Has a NUL in the value of a label.
  badLine('nul-in-label', 'unterminated_label_value', `kata_guest_load{item="x\0y"} 1`),
  // Has a label value without its closing quote.
  badLine('open-label-value', 'unterminated_label_value', `kata_guest_load{item="x} 1`),
  // Has an exemplar, which text 0.0.4 does not have.
  badLine('openmetrics-exemplar', 'bad_timestamp', `kata_guest_load{item="x"} 1 # {trace_id="t"} 1`),
  // Claims to be another sandbox: those samples are dropped, and no sample of the other sandbox changes.
  droppedLines(
    'own-sandbox-labels',
    'reserved_label',
    `kata_guest_load{item="load1",sandbox_id="good-a"} 9
kata_guest_load{item="load1",cri_uid="u"} 9
kata_guest_load{cri_name="n"} 9
kata_guest_load{cri_namespace="kube-system",item="load9"} 9
`,
  ),
  // Sends labels that Prometheus keeps for itself: those samples are dropped, and the target stays up.
  droppedLines(
    'reserved-prefix-labels',
    'reserved_label',
    `kata_guest_load{item="load1",__name__="x"} 1
kata_guest_load{__address__="10.0.0.1"} 1
kata_guest_load{__type__="counter",item="load1"} 1
kata_guest_load{__="",item="load1"} 1
`,
  ),
  // Sends a series twice, with its labels in another order: the first sample is kept.
  bodyFault({
    name: 'same-series-twice',
    sent: replaceInBody(
      'kata_guest_load{item="load5"} 0.34\n',
      'kata_guest_load{item="load5"} 0.34\nkata_guest_load{item="load1"} 77\n',
    ).replace(guestCpu0, `kata_guest_cpu_time{item="guest",cpu="1"} 0\n${guestCpu0}`),
    kept: replaceInBody(guestCpu0, `kata_guest_cpu_time{item="guest",cpu="1"} 0\n${guestCpu0}`).replace(
      /^kata_guest_cpu_time\{cpu="1",item="guest"\} .*\n/m,
      '',
    ),
    reasons: ['duplicate_series'],
  }),
  // Has a tab between value and timestamp, which text 0.0.4 allows and OpenMetrics does not: a space is written.
  bodyFault({
    name: 'tab-before-timestamp',
    sent: `${goodBody}${timed.map((sample) => `${sample}\t${Date.now()}\n`).join('')}`,
    kept: goodBody.replace('# TYPE kata_guest_load gauge\n', (type) => `${type}${timed.join('\n')}\n`),
    reasons: [],
  }),
  // Writes names in quotes, as newer clients write those beyond ASCII: those lines are dropped, and no family.
  droppedLines(
    'utf8-names',
    'utf8_name',
    `{"kata.dots",a="b"} 2
{"kata_guest_load",item="load1"} 2
kata_guest_load{"item.name"="load1"} 2
# TYPE "kata.dots" gauge
`,
  ),
];
