/**
 * The beginning of the text of a GetMetrics response that exceeds ttrpc's message limit.
 */
import { METRICS_NUMBER } from '../../proto/agent-messages.ts';
import { TtrpcError } from '../../ttrpc/core.ts';
import { WireReader, WireType } from '../../wire/index.ts';

/** Undefined when `thrown` is a different error, or when the message is not a Metrics message. */
export function readCutText(thrown: unknown): Buffer | undefined {
  const bytes = thrown instanceof TtrpcError ? thrown.beginning : undefined;
  if (bytes === undefined) {
    return undefined;
  }
  const reader = new WireReader(bytes);
  try {
    if (reader.tag() !== METRICS_NUMBER * 8 + WireType.lengthDelimited) {
      return undefined;
    }
    reader.uint32();
  } catch {
    return undefined;
  }
  return Buffer.from(bytes.buffer, bytes.byteOffset + reader.offset, bytes.length - reader.offset);
}
