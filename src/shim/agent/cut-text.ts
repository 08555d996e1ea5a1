/**
 * The beginning of the text of a GetMetrics response that exceeds ttrpc's message limit.
 */
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import { MetricsSchema } from '../../proto/index.ts';
import { TtrpcError } from '../../ttrpc/index.ts';

/** Undefined when `thrown` is a different error, or when the message is not a Metrics message. */
export function readCutText(thrown: unknown): Buffer | undefined {
  const bytes = thrown instanceof TtrpcError ? thrown.beginning : undefined;
  if (bytes === undefined) {
    return undefined;
  }
  const reader = new BinaryReader(bytes);
  try {
    const [number, wireType] = reader.tag();
    if (number !== MetricsSchema.field.metrics.number || wireType !== WireType.LengthDelimited) {
      return undefined;
    }
    reader.uint32();
  } catch {
    return undefined;
  }
  return Buffer.from(bytes.buffer, bytes.byteOffset + reader.pos, bytes.length - reader.pos);
}
