/**
 * The text exposition format, OpenMetrics and the protobuf format. Pure: bytes in, bytes out.
 */
export { BodyChecker, type CheckedBody, type CheckPolicy, checkBody, type RefusalReason } from './check.ts';
export { KnownForms, type KnownScan } from './form/known-forms.ts';
export { type ScanOptions, type ScanPaths, scan, scanInSteps } from './form/scan.ts';
export { ValueSlabs } from './form/value-slabs.ts';
export { withValues } from './form/with-values.ts';
export { encodeText, escapeHelp, formatValue, unescapeHelp } from './format/encode-text.ts';
export { ExtraLabels, escapeLabelValue, formatLabels, noLabels } from './format/extra-labels.ts';
export type { FamilyType, MetricFamily, Sample, SampleSuffix } from './format/family.ts';
export { describeFault, type Fault, type FaultReason, limitFaults, type ScanLimits } from './format/fault.ts';
export { contentTypeFor, contentTypes, type ExpositionForm, negotiate } from './format/negotiate.ts';
export { parseValue } from './format/number.ts';
export { runToEnd } from './format/steps.ts';
export { TextTemplate } from './format/text-template.ts';
export { countLostLines, type LostReason } from './scan/lost-lines.ts';
export { readSampleLine, type SampleLine } from './scan/sample-line.ts';
export {
  type BodyForm,
  countSamples,
  formatRules,
  lineText,
  pickFamilies,
  readNumber,
  type Scan,
  type ScannedFamily,
  type ScanRules,
  seriesText,
  sumValues,
  valueText,
} from './scan/scanned-body.ts';
export { tabulate, tabulateInSteps } from './scan/tabulate.ts';
export type { LabelChoice } from './select/label-filter.ts';
export { type FamilyChoice, type FilteredBody, LineFilter } from './select/line-filter.ts';
export { ChunkPool } from './write/chunk-pool.ts';
export { GzipWriter } from './write/gzip-writer.ts';
export { keepNames, planMerge, planMergeInSteps } from './write/merge.ts';
export type {
  MergedFamily,
  MergeOptions,
  MergePlan,
  MergeRefusal,
  MergeRefusalReason,
  MergeSource,
  Naming,
} from './write/merge-plan.ts';
export { countLines } from './write/merge-plan.ts';
export { fitOpenMetrics } from './write/open-metrics-plan.ts';
export { writeOpenMetrics, writeOpenMetricsTo } from './write/write-open-metrics.ts';
export { writeProtobuf } from './write/write-protobuf.ts';
export { writeText, writeTextTo } from './write/write-text.ts';
