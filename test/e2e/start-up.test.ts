/**
 * What a command of kata-metrics loads: people wait for it, and `ls` must not load what `up` serves with.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { programCommand } from '../support/run-program.ts';

const MAX_MODULES = 120;

/** Before the program: writes the address of every module that is loaded to standard error as the process ends. */
const recordModules = `data:text/javascript,
  import { writeSync } from 'node:fs';
  import { registerHooks } from 'node:module';
  const urls = [];
  registerHooks({ load: (url, context, next) => (urls.push(url), next(url, context)) });
  process.on('exit', () => writeSync(2, 'MODULES ' + JSON.stringify(urls)));`.replaceAll('\n', '');

async function modulesOf(...args: string[]): Promise<string[]> {
  const [node, ...rest] = programCommand('kata-metrics');
  const { stderr } = await promisify(execFile)(node, ['--import', recordModules, ...rest, ...args]);
  return JSON.parse(stderr.slice(stderr.indexOf('MODULES ') + 'MODULES '.length));
}

describe('kata-metrics', () => {
  it.each([
    ['--version'],
    ['--help'],
    ['ls', '--help'],
    ['ls', '--sandboxes-root=/run/kata', '--runtime-endpoint=/nowhere'],
  ])('%s loads no monitor, no shim, no library', async (...args) => {
    const modules = await modulesOf(...args);
    expect(modules.some((url) => url.endsWith('/src/cli/index.ts'))).toBe(true);
    expect(modules.filter((url) => /\/src\/(?:monitor|shim|agent)\/|node_modules/.test(url))).toEqual([]);
    expect(modules.length).toBeLessThanOrEqual(MAX_MODULES);
  });

  it('--version loads no option table', async () => {
    const modules = await modulesOf('--version');
    expect(modules.filter((url) => /\/src\/(?:options|settings|catalog)\//.test(url))).toEqual([]);
  });
});
