import { closeSync, openSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createJsonLog, writeLine } from './json-log.ts';

describe('createJsonLog', () => {
  it('writes one JSON object a line, and nothing below its level', () => {
    const lines: string[] = [];
    const log = createJsonLog({
      name: 'x',
      level: 'info',
      fields: { sandbox: 'a' },
      write: (line) => lines.push(line),
    });
    log.debug('no');
    log.info('two\nlines');
    log.error('yes');
    expect(lines.map((line) => line.at(-1))).toEqual(['\n', '\n']);
    const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/);
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      { level: 'info', time, name: 'x', sandbox: 'a', msg: 'two\nlines' },
      { level: 'error', time, name: 'x', sandbox: 'a', msg: 'yes' },
    ]);
  });

  it('writes fields, an error with its stack and its code', () => {
    const lines: string[] = [];
    const log = createJsonLog({ name: 'x', level: 'debug', write: (line) => lines.push(line) });
    const err = Object.assign(new TypeError('wrong'), { code: 'EWRONG' });
    log.warn({ count: 2, none: undefined, err }, 'fields');
    const described = { type: 'TypeError', message: 'wrong', code: 'EWRONG' };
    expect(JSON.parse(lines[0]!)).toMatchObject({ level: 'warn', count: 2, err: described, msg: 'fields' });
    expect(lines[0]).not.toContain('none');
    expect(JSON.parse(lines[0]!).err.stack).toMatch(/^TypeError: wrong\n {4}at /);
  });
});

describe('writeLine', () => {
  it('loses a line that cannot be written', () => {
    const full = openSync('/dev/full', 'w');
    expect(writeLine(full, 'lost\n')).toBeUndefined();
    closeSync(full);
    expect(writeLine(full, 'lost\n')).toBeUndefined();
  });
});
