/**
 * `kata-metrics top` in a real terminal, over 500 shims of the test.
 */
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { answerWithLength, type FakeShim, startFakeShim } from '../support/fake-shim.ts';
import { missingPackages } from '../support/requirements.ts';
import { programCommand } from '../support/run-program.ts';
import { Tmux } from '../support/tmux.ts';

const COUNT = 500;
const body = await readFile(join(import.meta.dirname, '../fixtures/bodies/kata-shim.metrics.txt'), 'utf8');
/** Enough for every column, so that 500 of them cost little. */
const small = body
  .split('\n')
  .filter((line) => /kata_guest_(?:cpu_time|meminfo|load)|kata_shim|process_/.test(line) || line === '')
  .join('\n');

describe.skipIf(missingPackages(['tmux']).length > 0)('kata-metrics top in a terminal', () => {
  let folder: string;
  let root: string;
  let shims: FakeShim[];
  let tmux: Tmux | undefined;

  const idOf = (i: number): string => `sb-${String(i).padStart(3, '0')}`;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'top-'));
    root = join(folder, 'sbs');
    shims = await Promise.all(
      Array.from({ length: COUNT }, async (_, i) => {
        await mkdir(join(root, idOf(i)), { recursive: true });
        const response = answerWithLength(i === 7 ? 'no' : small, i === 7 ? { status: '500 No' } : {});
        return startFakeShim(join(root, idOf(i), 'shim-monitor.sock'), response);
      }),
    );
  });

  afterAll(async () => {
    await Promise.all(shims.map((shim) => shim.close()));
    await rm(folder, { recursive: true });
  });

  afterEach(async () => {
    await tmux?.close();
    tmux = undefined;
  });

  async function start(columns: number, rows: number, env: Record<string, string> = {}): Promise<Tmux> {
    const args = ['top', `--sandboxes-root=${root}`, '--interval=500ms', `--runtime-endpoint=${folder}/none.sock`];
    tmux = await Tmux.start({ folder, columns, rows, env, command: [...programCommand('kata-metrics'), ...args] });
    await tmux.waitFor((lines) => lines.some((line) => line.startsWith('> ')));
    return tmux;
  }

  const selected = (lines: readonly string[]): string | undefined => lines.find((line) => line.startsWith('> '));

  it('shows 500 sandboxes; keys select, sort, filter, and open one that then ends', async () => {
    const terminal = await start(120, 30);
    // The unhealthy one first, and bars where there is place. On a busy machine, others may be late for once.
    const first = await terminal.waitFor(
      (lines) =>
        lines[0]!.includes(`${COUNT} sandboxes (499 running, 1 broken)`) &&
        /^> sb-007 +broken \(http_status\)/.test(selected(lines) ?? '') &&
        /^ {2}sb-000 +running .*\[\|* *\] /.test(lines[4]!),
    );
    expect(first).toHaveLength(30);
    await terminal.press('Down', 'j');
    await terminal.waitFor((lines) => selected(lines)?.startsWith('> sb-001 ') === true);
    await terminal.press('G');
    await terminal.waitFor((lines) => selected(lines)?.startsWith(`> ${idOf(COUNT - 1)} `) === true);
    await terminal.press('<', 'r', 'g');
    await terminal.waitFor((lines) => lines[2]!.includes('POD▼') && selected(lines)?.startsWith('> sb-499 ') === true);
    await terminal.press('?');
    await terminal.waitFor((lines) => lines.some((line) => line.startsWith('Enter ')));
    await terminal.press('Escape');
    // Escape and a key that follows at once are Alt with that key.
    await terminal.waitFor((lines) => selected(lines) !== undefined);
    await terminal.press('/');
    await terminal.press('sb-042', 'Enter');
    await terminal.waitFor((lines) => lines.at(-1)!.startsWith('filter "sb-042"'));
    await terminal.press('Enter');
    await terminal.waitFor((lines) => lines.some((line) => line.startsWith('kata_agent_process_open_fds (gauge): ')));
    // It ends while it is shown.
    await shims[42]!.close();
    await rm(join(root, idOf(42)), { recursive: true });
    await terminal.waitFor((lines) => lines.includes('This sandbox has ended.'));
    await terminal.press('Escape');
    await terminal.waitFor((lines) => lines.includes('No sandbox matches. Esc: clear the filter'));
    await terminal.press('Escape');
    await terminal.waitFor((lines) => lines[0]!.includes(`${COUNT - 1} sandboxes`) && selected(lines) !== undefined);
    await terminal.press('u');
    await terminal.waitFor(
      (lines) => lines.at(-1)!.startsWith('only unhealthy') && selected(lines)?.startsWith('> sb-007 ') === true,
    );
    await terminal.press('q');
    // The screen is the one from before.
    const left = await terminal.waitFor((lines) => lines.some((line) => line.startsWith('ended with')));
    expect(left.filter((line) => line !== '')).toEqual(['ended with 0']);
  });

  it('fits into 40 columns, and follows a new size; without colours by NO_COLOR', async () => {
    const terminal = await start(40, 12, { NO_COLOR: '1' });
    // The screen may be read while it is painted.
    const narrow = await terminal.waitFor((lines) => /^ {2}sb-\d+ +running\b/.test(lines[4] ?? ''));
    expect(narrow).toHaveLength(12);
    expect(narrow[2]).toMatch(/^ {2}POD +STATE▼/);
    expect((await terminal.read({ hasColours: true })).join('').includes('\u001b')).toBe(false);
    await terminal.resize(100, 20);
    const help = 'q: quit  ?: help  /: filter  Enter: details';
    await terminal.waitFor((lines) => lines.length === 20 && / HOST MEM/.test(lines[2] ?? '') && lines.at(-1) === help);
    await terminal.resize(20, 3);
    await terminal.waitFor((lines) => lines.length === 3 && lines.at(-1)!.startsWith('q: quit'));
    await terminal.press('C-c');
    await terminal.waitFor((lines) => lines.some((line) => line.startsWith('ended with 0')));
  });
});
