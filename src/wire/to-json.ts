/**
 * Converts messages of tables to the JSON mapping of proto3: names in camel case, 64-bit numbers as strings, fields with
 * their default omitted. An enum is written as its number, which readers of the mapping accept, because tables do not
 * have the names of its values.
 */
import { type Field, isDefault, type TableType } from './message-type.ts';

export type JsonValue = boolean | number | string | readonly JsonValue[] | { readonly [name: string]: JsonValue };

/** Converts a message, as the table has decoded it. */
export function toJson<Shape>(
  { fields }: TableType<Shape, never>,
  message: Shape,
): { readonly [name: string]: JsonValue } {
  const json: Record<string, JsonValue> = {};
  for (const field of fields) {
    const [, name] = field;
    const value = (message as Readonly<Record<string, unknown>>)[name];
    const fieldJson = value === undefined ? undefined : toFieldJson(field, value);
    if (fieldJson !== undefined) {
      json[name] = fieldJson;
    }
  }
  return json;
}

/** Returns undefined for a value that is omitted. */
function toFieldJson([, , type, label = 'one']: Field, value: unknown): JsonValue | undefined {
  if (label === 'one') {
    return isDefault(type, value) ? undefined : toValue(type, value);
  }
  if (label === 'repeated') {
    const list = value as readonly unknown[];
    return list.length === 0 ? undefined : list.map((each) => toValue(type, each));
  }
  const entries = Object.entries(value as Readonly<Record<string, unknown>>);
  // `fromEntries` defines a property for each key, "__proto__" too.
  return entries.length === 0
    ? undefined
    : Object.fromEntries(entries.map(([key, each]) => [key, toValue(type, each)]));
}

function toValue(type: Field[2], value: unknown): JsonValue {
  if (typeof type !== 'string') {
    return toJson(type, value);
  }
  switch (type) {
    case 'int64':
    case 'uint64':
      return String(value);
    case 'bytes':
      return Buffer.from(value as Uint8Array).toString('base64');
    default:
      return value as boolean | number | string;
  }
}
