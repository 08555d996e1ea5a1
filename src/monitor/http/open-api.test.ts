import { Validator } from '@seriousme/openapi-schema-validator';
import { expect, it } from 'vitest';
import { openApiDocument, schemas } from '../../api/index.ts';
import { pages, pagesForPeople } from './routes.ts';

type Document = {
  readonly paths: Readonly<Record<string, unknown>>;
  readonly components: { readonly schemas: Readonly<Record<string, unknown>> };
};

const document = openApiDocument('1.2.3') as Document;
const withoutEvents = openApiDocument('1.2.3', { hasEvents: false }) as Document;

it.each([
  ['the monitor', document],
  ['a server without events', withoutEvents],
])('is valid OpenAPI 3.1 for %s', async (_, described) => {
  const validator = new Validator();
  expect(await validator.validate(structuredClone(described))).toEqual({ valid: true });
  expect(validator.version).toBe('3.1');
});

it.each([
  ['the monitor', document, pages],
  ['kata-metrics page', withoutEvents, pagesForPeople],
])('has the paths that %s serves, and no others', (_, { paths }, servedPages) => {
  const served = servedPages.map(({ path }) => path).filter((path) => path.startsWith('/api/') || path === '/events');
  expect(
    Object.keys(paths)
      .map((path) => path.replace('{sandbox}', '*'))
      .sort(),
  ).toEqual(served.sort());
});

it('has no schema that only events use, without events', () => {
  const used = [...JSON.stringify(withoutEvents).matchAll(/#\/components\/schemas\/(\w+)/g)].map(([, name]) => name);
  expect([...new Set(used)].sort()).toEqual(Object.keys(withoutEvents.components.schemas).sort());
  expect(Object.keys(schemas)).toContain('SandboxEvent');
  expect(used).not.toContain('SandboxEvent');
});

it('uses every schema, and has every schema that it uses', () => {
  const used = [...JSON.stringify(document).matchAll(/#\/components\/schemas\/(\w+)/g)].map(([, name]) => name);
  expect([...new Set(used)].sort()).toEqual(Object.keys(schemas).sort());
});
