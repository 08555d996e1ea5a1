/**
 * The text exposition format and its relatives. Pure: bytes in, bytes out.
 */
export { type CheckedBody, type CheckPolicy, checkBody, type RefusalReason } from './check.ts';
export { ChunkPool } from './chunk-pool.ts';
export { encodeText, escapeHelp, escapeLabelValue, formatLabels, formatValue } from './encode-text.ts';
export { ExtraLabels, noLabels } from './extra-labels.ts';
export type { FamilyType, MetricFamily, Sample, SampleSuffix } from './family.ts';
export { describeFault, type Fault, type FaultReason } from './fault.ts';
export type { LabelChoice } from './label-filter.ts';
export { countLostLines, type LostReason } from './lost-lines.ts';
export {
  keepNames,
  type MergedFamily,
  type MergeOptions,
  type MergePlan,
  type MergeRefusal,
  type MergeRefusalReason,
  type MergeSource,
  type Naming,
  planMerge,
} from './merge.ts';
export { contentTypes, type ExpositionForm, negotiate } from './negotiate.ts';
export { parseValue } from './number.ts';
export { readNumber } from './read-number.ts';
export { replaceValues } from './replace-values.ts';
export { readSampleLine, type SampleLine } from './sample-line.ts';
export { type ScanOptions, scan } from './scan.ts';
export { countSamples, formatRules, type Scan, type ScannedFamily, type ScanRules } from './scanned-body.ts';
export { type FamilyChoice, Sieve, type SiftedBody } from './sieve.ts';
export { tabulate } from './tabulate.ts';
export { ValueSlabs } from './value-slabs.ts';
export { writeProtobuf } from './write-protobuf.ts';
export { writeOpenMetrics, writeText } from './write-text.ts';
