/**
 * Reads ExportMetricsServiceRequest in protobuf as the object that its JSON mapping has, with the fields that this project sends.
 */
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';

type Field =
  | { readonly name: string; readonly kind: 'bool' | 'double' | 'doubles' | 'enum' | 'fixed64' | 'fixed64s' | 'text' }
  | { readonly name: string; readonly kind: 'message' | 'messages'; readonly of: () => Message };
type Message = Readonly<Record<number, Field>>;

const anyValue: Message = { 1: { name: 'stringValue', kind: 'text' } };
const keyValue: Message = {
  1: { name: 'key', kind: 'text' },
  2: { name: 'value', kind: 'message', of: () => anyValue },
};
const times: Message = {
  2: { name: 'startTimeUnixNano', kind: 'fixed64' },
  3: { name: 'timeUnixNano', kind: 'fixed64' },
};
const attributes = { name: 'attributes', kind: 'messages', of: () => keyValue } as const;
const numberPoint: Message = { ...times, 4: { name: 'asDouble', kind: 'double' }, 7: attributes };
const histogramPoint: Message = {
  ...times,
  4: { name: 'count', kind: 'fixed64' },
  5: { name: 'sum', kind: 'double' },
  6: { name: 'bucketCounts', kind: 'fixed64s' },
  7: { name: 'explicitBounds', kind: 'doubles' },
  9: attributes,
};
const quantile: Message = { 1: { name: 'quantile', kind: 'double' }, 2: { name: 'value', kind: 'double' } };
const summaryPoint: Message = {
  ...times,
  4: { name: 'count', kind: 'fixed64' },
  5: { name: 'sum', kind: 'double' },
  6: { name: 'quantileValues', kind: 'messages', of: () => quantile },
  7: attributes,
};
const dataOf = (point: Message): Message => ({
  1: { name: 'dataPoints', kind: 'messages', of: () => point },
  2: { name: 'aggregationTemporality', kind: 'enum' },
  3: { name: 'isMonotonic', kind: 'bool' },
});
const metric: Message = {
  1: { name: 'name', kind: 'text' },
  2: { name: 'description', kind: 'text' },
  3: { name: 'unit', kind: 'text' },
  5: { name: 'gauge', kind: 'message', of: () => dataOf(numberPoint) },
  7: { name: 'sum', kind: 'message', of: () => dataOf(numberPoint) },
  9: { name: 'histogram', kind: 'message', of: () => dataOf(histogramPoint) },
  11: { name: 'summary', kind: 'message', of: () => dataOf(summaryPoint) },
};
const scope: Message = { 1: { name: 'name', kind: 'text' }, 2: { name: 'version', kind: 'text' } };
const scopeMetrics: Message = {
  1: { name: 'scope', kind: 'message', of: () => scope },
  2: { name: 'metrics', kind: 'messages', of: () => metric },
};
const resourceMetrics: Message = {
  1: { name: 'resource', kind: 'message', of: () => ({ 1: attributes }) },
  2: { name: 'scopeMetrics', kind: 'messages', of: () => scopeMetrics },
};
const request: Message = { 1: { name: 'resourceMetrics', kind: 'messages', of: () => resourceMetrics } };

/** @throws {Error} for a field that is not known, or bytes that are no such message */
export function readOtlpProtobuf(bytes: Uint8Array): unknown {
  return readMessage(bytes, request);
}

function readMessage(bytes: Uint8Array, message: Message): Record<string, unknown> {
  const reader = new BinaryReader(bytes);
  const found: Record<string, unknown> = {};
  while (reader.pos < reader.len) {
    const [number, wireType] = reader.tag();
    const field = message[number];
    if (field === undefined) {
      throw new Error(`Field ${number} is not known`);
    }
    const expected = wireTypes[field.kind];
    if (wireType !== expected) {
      throw new Error(`Field "${field.name}" must have the wire type ${expected}, got ${wireType}`);
    }
    if (field.kind === 'messages') {
      const messages = (found[field.name] as unknown[] | undefined) ?? [];
      found[field.name] = messages;
      messages.push(readMessage(reader.bytes(), field.of()));
    } else if (field.kind === 'message') {
      found[field.name] = readMessage(reader.bytes(), field.of());
    } else {
      found[field.name] = readScalar(reader, field.kind);
    }
  }
  return found;
}

const wireTypes: Readonly<Record<Field['kind'], WireType>> = {
  bool: WireType.Varint,
  enum: WireType.Varint,
  double: WireType.Bit64,
  fixed64: WireType.Bit64,
  doubles: WireType.LengthDelimited,
  fixed64s: WireType.LengthDelimited,
  text: WireType.LengthDelimited,
  message: WireType.LengthDelimited,
  messages: WireType.LengthDelimited,
};

function readScalar(reader: BinaryReader, kind: Exclude<Field['kind'], 'message' | 'messages'>): unknown {
  switch (kind) {
    case 'bool':
      return reader.bool();
    case 'enum':
      return reader.uint32();
    case 'double':
      return reader.double();
    case 'fixed64':
      return String(reader.fixed64());
    case 'text':
      return reader.string();
    default: {
      const packed = new BinaryReader(reader.bytes());
      const items: unknown[] = [];
      while (packed.pos < packed.len) {
        items.push(kind === 'doubles' ? packed.double() : String(packed.fixed64()));
      }
      return items;
    }
  }
}
