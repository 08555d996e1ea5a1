/**
 * The text exposition format and its relatives. Pure: bytes in, bytes out.
 */
export { encodeText, escapeLabelValue, formatLabels, formatValue } from './encode-text.ts';
export type { FamilyType, MetricFamily, Sample, SampleSuffix } from './family.ts';
export { describeFault, type Fault, type FaultReason } from './fault.ts';
