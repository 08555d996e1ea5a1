import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const program = join(import.meta.dirname, '../bin/kata-metrics.ts');
let home: string;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'km-'));
});

afterEach(() => rmSync(home, { recursive: true }));

const runWith = (env: Record<string, string>): string =>
  execFileSync(process.execPath, [program, '--version'], { encoding: 'utf8', env });

describe('keepStrippedTypes', () => {
  it('keeps them in the cache of the user', () => {
    expect(runWith({ HOME: home })).toMatch(/^kata-metrics /);
    expect(existsSync(join(home, '.cache/kata-metrics/compiled'))).toBe(true);
    expect(runWith({ HOME: home })).toMatch(/^kata-metrics /);
  });

  it('keeps them where XDG_CACHE_HOME says', () => {
    runWith({ HOME: home, XDG_CACHE_HOME: join(home, 'cache') });
    expect(existsSync(join(home, 'cache/kata-metrics/compiled'))).toBe(true);
    expect(existsSync(join(home, '.cache'))).toBe(false);
  });

  it.each(['/proc/nope', '/nonexistent/deeper', '/dev/null'])('does without where HOME is %s', (path) => {
    expect(runWith({ HOME: path })).toMatch(/^kata-metrics /);
  });
});
