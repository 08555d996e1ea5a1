/**
 * The text exposition format and its relatives. Pure: bytes in, bytes out.
 */
export type { FamilyType, MetricFamily, Sample, SampleSuffix } from './family.ts';
