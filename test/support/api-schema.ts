/**
 * Checks objects against the schemas of the OpenAPI document, as a client of the API would.
 */
import { Ajv2020 } from 'ajv/dist/2020.js';
import { openApiDocument, type schemas } from '../../src/api/index.ts';

const document = openApiDocument('0.0.0') as {
  readonly components: { readonly schemas: Readonly<Record<string, object>> };
};

/** No unknown property may appear either: the document has all of them. */
const strict = Object.fromEntries(
  Object.entries(document.components.schemas).map(([name, schema]) => [
    name,
    'properties' in schema ? { ...schema, additionalProperties: false } : schema,
  ]),
);
const ajv = new Ajv2020({ allErrors: true, allowUnionTypes: true });
ajv.addKeyword('components');
ajv.addSchema({ $id: 'api', components: { schemas: strict } });

/** What does not match, one line each; empty when the value matches. */
export function findSchemaFaults(name: keyof typeof schemas, value: unknown): string[] {
  const validate = ajv.getSchema(`api#/components/schemas/${name}`);
  if (validate === undefined) {
    throw new Error(`No schema ${name}`);
  }
  return validate(value) === true
    ? []
    : (validate.errors ?? []).map(
        ({ instancePath, message, params }) => `${instancePath} ${message} ${JSON.stringify(params)}`,
      );
}
