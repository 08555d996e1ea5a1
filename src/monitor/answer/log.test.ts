import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { LogFormat, LogLevel } from '../../settings/log-levels.ts';
import { createLog } from './log.ts';

function linesOf(level: LogLevel, format: LogFormat): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'log-'));
  const path = join(folder, 'log');
  const descriptor = openSync(path, 'w');
  const log = createLog({ level, format, descriptor });
  log.debug('low');
  log.info({ root: '/run' }, 'middle');
  log.error('high');
  log.fatal('highest');
  closeSync(descriptor);
  const lines = readFileSync(path, 'utf8').split('\n').slice(0, -1);
  rmSync(folder, { recursive: true });
  return lines;
}

function logAt(level: LogLevel): Record<string, unknown>[] {
  return linesOf(level, 'json').map((line) => JSON.parse(line));
}

it('writes the text of logrus, with the process as the Go monitor does', () => {
  const rest = `name=kata-monitor pid=${process.pid}`;
  const time = /^time="\d{4}-\d\d-\d\dT[\d:.]+Z" /;
  const lines = linesOf('info', 'text');
  expect(lines.every((line) => time.test(line))).toBe(true);
  expect(lines.map((line) => line.replace(time, ''))).toEqual([
    `level=info msg=middle ${rest} root=/run`,
    `level=error msg=high ${rest}`,
    `level=fatal msg=highest ${rest}`,
  ]);
});

it.each(['json', 'text'] as const)('escapes what changes a terminal or the direction of writing: %s', (format) => {
  const folder = mkdtempSync(join(tmpdir(), 'log-'));
  const descriptor = openSync(join(folder, 'log'), 'w');
  createLog({ level: 'info', format, descriptor }).warn({ problem: 'a\u202eb\u009b2J\u007f' }, 'c\u2066');
  closeSync(descriptor);
  const line = readFileSync(join(folder, 'log'), 'utf8');
  rmSync(folder, { recursive: true });
  expect(line).toMatch(/^[ -~]+\n$/);
  expect(line).toContain('a\\u202eb\\u009b2J\\u007f');
});

it('writes one JSON object a line, with the level as a word', () => {
  const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/);
  expect(logAt('info')).toEqual([
    { level: 'info', time, name: 'kata-monitor', root: '/run', msg: 'middle' },
    { level: 'error', time, name: 'kata-monitor', msg: 'high' },
    { level: 'fatal', time, name: 'kata-monitor', msg: 'highest' },
  ]);
});

it.each([
  ['trace', 4],
  ['debug', 4],
  ['warn', 2],
  ['error', 2],
  ['fatal', 1],
  ['panic', 0],
] as const)('at level %s writes %d of four lines', (level, count) => {
  expect(logAt(level)).toHaveLength(count);
});
