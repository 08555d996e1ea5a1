import { describe, expect, it } from 'vitest';
import { createJsonLog } from './json-log.ts';

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
});
