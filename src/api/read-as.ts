/**
 * Checks that a value, such as a parsed response, matches a schema of the API. For clients, because another program, or a
 * monitor of another version, may listen at an address. The time is proportional to the size of the value.
 */
import type { JsonSchema, TypeOf } from './schema.ts';
import { schemas } from './schemas.ts';

type Schemas = typeof schemas;

/** The value does not match the schema. The message names the position, the expected type and the value. */
export class SchemaError extends Error {
  override readonly name = 'SchemaError';
}

/**
 * The value itself. A property that is missing and may be null becomes null, as of an older monitor; further properties and further
 * words of an enumeration are kept, as of a newer one.
 * @throws {SchemaError}
 */
export function readAs<N extends keyof Schemas>(name: N, value: unknown): TypeOf<Schemas[N], Schemas> {
  check(schemas[name], value, '');
  return value as TypeOf<Schemas[N], Schemas>;
}

function check(schema: JsonSchema, value: unknown, path: string): void {
  if ('$ref' in schema) {
    check(resolve(schema.$ref), value, path);
  } else if ('oneOf' in schema) {
    const other = schema.oneOf.find((each) => !isNull(each));
    if (value !== null && other !== undefined) {
      check(other, value, path);
    }
  } else if ('enum' in schema) {
    expectType(typeof value === 'string', 'string', value, path);
  } else if ('items' in schema) {
    expectType(Array.isArray(value), 'array', value, path);
    for (const [i, item] of (value as unknown[]).entries()) {
      check(schema.items, item, `${path}[${i}]`);
    }
  } else if ('properties' in schema) {
    expectType(isObject(value), 'object', value, path);
    checkProperties(schema.properties, value as Record<string, unknown>, path);
  } else if ('additionalProperties' in schema) {
    expectType(isObject(value), 'object', value, path);
    for (const [key, item] of Object.entries(value as Record<string, unknown>)) {
      check(schema.additionalProperties, item, `${path}.${key}`);
    }
  } else {
    // Every number may stand for an integer: what is shown is rounded anyway.
    const types: string[] = [schema.type].flat().map((type) => (type === 'integer' ? 'number' : type));
    expectType(types.includes(typeOf(value)), types.join(' or '), value, path);
  }
}

function checkProperties(
  properties: Readonly<Record<string, JsonSchema>>,
  value: Record<string, unknown>,
  path: string,
): void {
  for (const [key, schema] of Object.entries(properties)) {
    if (!Object.hasOwn(value, key) && isNullable(schema)) {
      value[key] = null;
    }
    check(schema, value[key], path === '' ? key : `${path}.${key}`);
  }
}

function expectType(isRight: boolean, wanted: string, value: unknown, path: string): void {
  if (!isRight) {
    const text = JSON.stringify(value) ?? 'nothing';
    const got = text.length > 60 ? `${text.slice(0, 60)}...` : text;
    throw new SchemaError(`${path === '' ? 'it' : `"${path}"`} must be ${wanted}, got ${got}`);
  }
}

function resolve(reference: string): JsonSchema {
  return schemas[reference.slice(reference.lastIndexOf('/') + 1) as keyof Schemas];
}

function isNullable(schema: JsonSchema): boolean {
  return 'oneOf' in schema ? schema.oneOf.some(isNull) : 'type' in schema && [schema.type].flat().includes('null');
}

function isNull(schema: JsonSchema): boolean {
  return 'type' in schema && schema.type === 'null';
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function typeOf(value: unknown): string {
  return value === null ? 'null' : typeof value;
}
