import { describe, expect, it } from 'vitest';
import { findDeepestChain } from './import-chains.ts';
import { findCycles } from './import-cycles.ts';
import { checkImports } from './import-law.ts';
import { findImports } from './import-specifiers.ts';

/** The breaches when one file holds one statement. */
function breachesOf(path: string, statement: string): string[] {
  return checkImports(new Map([[path, statement]]));
}

describe('imports that the law allows', () => {
  it.each([
    ['src/monitor/scrape.ts', "import { scan } from '../exposition/index.ts';"],
    ['src/monitor/scrape.ts', "import { plan } from './plan.ts';"],
    ['src/shim/overhead/plan.ts', "import { time } from '../time.ts';"],
    ['src/monitor/scrape.ts', "import { createServer } from 'node:net';"],
    ['src/monitor/a.ts', "import type { Server } from 'node:http';"],
    ['src/monitor/a.ts', "import { type Server, type IncomingMessage } from 'node:http';"],
    ['src/monitor/a.ts', "const { createServer } = process.getBuiltinModule('node:https');"],
    ['src/monitor/a.test.ts', "import { createServer } from 'node:http';"],
    ['src/monitor/scrape.test.ts', "import { startShim } from '../../test/support/fake-shim.ts';"],
    ['src/exposition/scan.test.ts', "import { readFileSync } from 'node:fs';"],
    ['src/bin/kata-agent.ts', "import { runAgent } from '../agent/index.ts';"],
    ['src/bin/a.ts', "import manifest from '../../package.json' with { type: 'json' };"],
    ['src/cli/get.ts', "import { startMonitor } from '../monitor/index.ts';"],
    ['src/ttrpc/status.ts', "import { StatusSchema } from '../proto/index.ts';"],
    ['src/shim/a.ts', "import { shimOptions } from '../settings/shim.ts';"],
    ['src/monitor/http/a.ts', "import { b } from '../scrape/b.ts';"],
    ['src/monitor/program.ts', "import { b } from './http/b.ts';"],
    ['src/monitor/scrape/a.test.ts', "import { b } from '../http/b.ts';"],
  ])('%s: %s', (path, statement) => {
    expect(breachesOf(path, statement)).toEqual([]);
  });
});

describe('imports that the law refuses', () => {
  it.each([
    ['src/catalog/a.ts', "import { b } from '../procfs/index.ts';", 'module "catalog" may not import module "procfs"'],
    ['src/catalog/a.ts', "import type { B } from '../procfs/index.ts';", 'may not import module "procfs"'],
    ['src/catalog/a.ts', "export * from '../procfs/index.ts';", 'may not import module "procfs"'],
    ['src/catalog/a.ts', "export {\n  b,\n  c,\n} from '../procfs/index.ts';", 'may not import module "procfs"'],
    ['src/catalog/a.ts', "const b = await import('../procfs/index.ts');", 'may not import module "procfs"'],
    ['src/monitor/a.ts', "import { b } from '../exposition/scan.ts';", 'entered by its index.ts only'],
    ['src/monitor/a.test.ts', "import { b } from '../exposition/scan.ts';", 'entered by its index.ts only'],
    ['src/bin/a.ts', "import { b } from '../agent/start-agent.ts';", 'entered by its index.ts only'],
    ['src/cli/a.ts', "import { b } from '../bin/kata-shim.ts';", 'no module may import module "bin"'],
    ['src/shim/a.ts', "import manifest from '../../package.json' with { type: 'json' };", 'outside of src/'],
    ['src/monitor/a.ts', "import { b } from '../../test/support/b.ts';", 'outside of src/'],
    ['src/monitor/a.ts', "import { b } from './b.js';", 'must end with .ts'],
    ['src/exposition/a.ts', "import { readFile } from 'node:fs/promises';", 'does no input or output'],
    ['src/ttrpc/a.ts', "import { connect } from 'node:net';", 'does no input or output'],
    ['src/ttrpc/a.ts', "const net = process.getBuiltinModule('node:net');", 'does no input or output'],
    ['src/monitor/a.ts', "import { createServer } from 'node:http';", 'takes megabytes'],
    ['src/monitor/a.ts', "import { createServer, type Server } from 'node:http';", 'takes megabytes'],
    ['src/monitor/a.ts', "import type { A } from 'node:tls';\nimport { B } from 'node:tls';", 'takes megabytes'],
    ['src/monitor/a.ts', "export { createServer } from 'node:https';", 'takes megabytes'],
    ['src/monitor/a.ts', "import { connect } from 'net';", 'must be written "node:net"'],
    ['src/shim/a.ts', "import { b } from '../settings/index.ts';", 'entered by its agent.ts, cli.ts'],
    ['src/monitor/scrape/a.ts', "import { b } from '../http/b.ts';", 'folder "scrape" may not import folder "http"'],
    ['src/monitor/scrape/a.ts', "import { b } from '../start-monitor.ts';", 'which lies above it'],
    ['src/monitor/pages/a.ts', "import { b } from '../http/b.ts';", 'folder "pages" of module "monitor" is not in the'],
    ['src/tools/a.ts', '', 'module "tools" is not in the import law'],
    ['src/a.ts', '', 'is in no module of src/'],
  ])('%s: %s', (path, statement, message) => {
    expect(breachesOf(path, statement)).toEqual([expect.stringContaining(message)]);
  });

  it('finds files that import each other', () => {
    const files = new Map([
      ['src/shim/a.ts', "import { b } from './b.ts';"],
      ['src/shim/b.ts', "import type { C } from './c.ts';"],
      ['src/shim/c.ts', "import { a } from './a.ts';"],
    ]);
    expect(checkImports(files)).toEqual([
      'Import cycle: src/shim/a.ts -> src/shim/b.ts -> src/shim/c.ts -> src/shim/a.ts',
    ]);
  });
});

describe('findImports', () => {
  it('leaves comments, strings and local exports alone', () => {
    const text = [
      '/**',
      " * import { a } from 'in-a-comment';",
      ' */',
      "export const text = 'import';",
      "export function from(): string { return 'x'; }",
      "import { b } from 'real';",
    ].join('\n');
    expect(findImports(text)).toEqual([{ specifier: 'real', isLoaded: false, isType: false }]);
  });
});

describe('findCycles', () => {
  it.each([
    ['no edges', { a: [], b: [] }, []],
    ['a diamond', { a: ['b', 'c'], b: ['d'], c: ['d'], d: [] }, []],
    ['itself', { a: ['a'] }, [['a', 'a']]],
    [
      'two rings',
      { a: ['b'], b: ['a', 'c'], c: ['b'] },
      [
        ['a', 'b', 'a'],
        ['b', 'c', 'b'],
      ],
    ],
  ])('%s', (_name, graph, cycles) => {
    expect(findCycles(new Map(Object.entries(graph)))).toEqual(cycles);
  });
});

describe('findDeepestChain', () => {
  it.each([
    ['one file', { a: [] }, ['a']],
    ['imports that lead out of the files', { a: ['x', 'b'], b: [] }, ['a', 'b']],
    ['two ways to one file', { a: ['c', 'b'], b: ['c'], c: [] }, ['a', 'b', 'c']],
    ['the deeper of two', { a: ['b'], b: [], c: ['d'], d: ['e'], e: [] }, ['c', 'd', 'e']],
  ])('%s', (_name, graph, chain) => {
    expect(findDeepestChain(new Map(Object.entries(graph)))).toEqual(chain);
  });
});
