/**
 * Writes messages of the OCI runtime specification as the JSON that crun reads. protobuf's own JSON writes 64-bit numbers
 * as text, but the specification does not, so the message is written here by its descriptor.
 */
import { type DescField, type DescMessage, type Message, ScalarType } from '@bufbuild/protobuf';
import { type ReflectMessage, reflect } from '@bufbuild/protobuf/reflect';

type Json = string | number | boolean | RawJson | Json[] | { [key: string]: Json };
/** A number with more digits than a double has. */
type RawJson = { readonly rawJSON: string };

/** Node.js has it from 21 on; the types of the language do not yet. */
const { rawJSON } = JSON as unknown as { rawJSON(text: string): RawJson };

/** The text of a JSON document. */
export function toOciJson(schema: DescMessage, message: Message): string {
  return JSON.stringify(toObject(reflect(schema, message)));
}

/** Omits fields that are not set: in protobuf, these are an empty text, 0, false and an empty list. */
function toObject(message: ReflectMessage): { [key: string]: Json } {
  const entries = message.fields
    .filter((field) => message.isSet(field))
    .map((field) => [field.jsonName, toValue(message, field)] as const);
  return Object.fromEntries(entries);
}

function toValue(message: ReflectMessage, field: DescField): Json {
  switch (field.fieldKind) {
    case 'message':
      return toObject(message.get(field));
    case 'list': {
      const items = [...message.get(field)];
      return items.map((item) =>
        field.listKind === 'message' ? toObject(item as ReflectMessage) : toScalar(item, field.scalar),
      );
    }
    case 'map': {
      const entries = [...message.get(field)];
      return Object.fromEntries(entries.map(([key, value]) => [String(key), String(value)]));
    }
    case 'scalar':
      return toScalar(message.get(field), field.scalar);
    case 'enum':
      throw new TypeError(`Cannot write field "${field.name}": enums are not part of the OCI specification`);
  }
}

function toScalar(value: unknown, type: ScalarType | undefined): Json {
  switch (type) {
    case ScalarType.INT64:
    case ScalarType.UINT64:
      return rawJSON(String(value));
    default:
      return value as string | number | boolean;
  }
}
