import { Validator } from '@seriousme/openapi-schema-validator';
import { expect, it } from 'vitest';
import { openApiDocument, schemas } from '../../api/index.ts';
import { pages } from './routes.ts';

const document = openApiDocument('1.2.3') as {
  readonly paths: Readonly<Record<string, unknown>>;
  readonly components: { readonly schemas: Readonly<Record<string, unknown>> };
};

it('is valid OpenAPI 3.1', async () => {
  const validator = new Validator();
  expect(await validator.validate(structuredClone(document))).toEqual({ valid: true });
  expect(validator.version).toBe('3.1');
});

it('has the paths that the monitor serves, and no others', () => {
  const served = pages.map(({ path }) => path).filter((path) => path.startsWith('/api/') || path === '/events');
  expect(
    Object.keys(document.paths)
      .map((path) => path.replace('{sandbox}', '*'))
      .sort(),
  ).toEqual(served.sort());
});

it('uses every schema, and has every schema that it uses', () => {
  const used = [...JSON.stringify(document).matchAll(/#\/components\/schemas\/(\w+)/g)].map(([, name]) => name);
  expect([...new Set(used)].sort()).toEqual(Object.keys(schemas).sort());
});
