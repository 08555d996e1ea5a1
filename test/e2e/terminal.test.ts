/**
 * What a guest sends never commands the terminal of who looks at it: `kata-metrics` on a pseudo terminal, made by script(1)
 * of util-linux, beside a shim whose body has escape sequences.
 */
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { answerWithLength, type FakeShim, startFakeShim } from '../support/fake-shim.ts';
import { programCommand, runCommand, runProgram } from '../support/run-program.ts';

const evil = '\u001b]0;owned\u0007\u009b2J\u202e\u007f\r';
const body = `# HELP kata_guest_x ${evil}\n# TYPE kata_guest_x gauge\nkata_guest_x{item="${evil}"} 1\n`;
// What a terminal obeys, but for what kata-metrics writes itself: colours, the line end of a terminal.
const obeyed =
  /\u001b(?!\[[0-9;]*m)|[\u0000-\u0008\u000b\u000c\u000e-\u001a\u001c-\u001f\u007f-\u009f\u202a-\u202e]|\r(?!\n)/u;

let folder: string;
let shim: FakeShim;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'terminal-'));
  await mkdir(join(folder, 'sbs', 'one'), { recursive: true });
  shim = await startFakeShim(join(folder, 'sbs', 'one', 'shim-monitor.sock'), answerWithLength(body));
});

afterEach(async () => {
  await shim.close();
  await rm(folder, { recursive: true });
});

const quote = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`;

/** What the terminal gets. */
async function onTerminal(...args: string[]): Promise<string> {
  const command = [...programCommand('kata-metrics'), ...args, `--sandboxes-root=${folder}/sbs`].map(quote).join(' ');
  await runCommand(['script', '--quiet', '--return', '--command', command, join(folder, 'typescript')]).ended;
  const text = await readFile(join(folder, 'typescript'), 'utf8');
  return text.replace(/^Script started[^\n]*\n/, '').replace(/\n?Script done[^\n]*\n$/, '\n');
}

describe('kata-metrics on a terminal', () => {
  it.each([
    ['get', ['get', 'one'], '\\u001b]0;owned\\u0007\\u009b2J\\u202e\\u007f'],
    ['get of a family', ['get', 'one', '--family=kata_guest'], '\\u009b2J'],
    ['get as JSON', ['get', 'one', '--output=json'], '\\u009b2J'],
    ['ls', ['ls'], 'one'],
    ['an error with a name', ['get', `none${evil}`], '\\u009b2J'],
    ['wrong usage', [`--${evil}`], '\\u009b2J'],
  ])('gets no command of a guest from %s', async (_name, args, shown) => {
    const text = await onTerminal(...args);
    expect(text).toContain(shown);
    expect(obeyed.exec(text)).toBeNull();
  });

  it('is not what a file is: there, the body is as it came', async () => {
    const { stdout } = await runProgram('kata-metrics', ['get', 'one', `--sandboxes-root=${folder}/sbs`]).ended;
    expect(stdout).toBe(body);
  });
});
