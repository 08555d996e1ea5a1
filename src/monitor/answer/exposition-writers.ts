/**
 * The writer of each form that an answer can have.
 */
import {
  type ChunkPool,
  type ExpositionForm,
  type MergePlan,
  writeOpenMetrics,
  writeProtobuf,
  writeText,
} from '../../exposition/index.ts';

export const expositionWriters: Readonly<
  Record<ExpositionForm, (plan: MergePlan, pool?: ChunkPool) => Generator<Buffer>>
> = {
  openmetrics: writeOpenMetrics,
  protobuf: writeProtobuf,
  text: writeText,
};
