import { expect, it } from 'vitest';
import { formatLogText, type TextLogFields } from './log-text.ts';

const base = { time: '2026-01-02T03:04:05.678Z', level: 'info' };

it.each<[Partial<TextLogFields>, string]>([
  [{ msg: 'announce' }, 'level=info msg=announce'],
  [{ level: 'warn', msg: 'two words' }, 'level=warning msg="two words"'],
  [{ msg: '' }, 'level=info msg='],
  [{}, 'level=info msg='],
  [{ msg: 'x', url: 'http://a:1', name: 'kata-monitor' }, 'level=info msg=x name=kata-monitor url="http://a:1"'],
  [{ msg: 'x', count: 7, isOn: true, ids: ['a', 'b'] }, 'level=info msg=x count=7 ids="[\\"a\\",\\"b\\"]" isOn=true'],
  [{ msg: 'a\n"b"\\' }, 'level=info msg="a\\n\\"b\\"\\\\"'],
  [{ msg: 'x', root: 'a=b' }, 'level=info msg=x root="a=b"'],
  [{ msg: '\u001b[2J\u009b\u2028\u007f' }, 'level=info msg="\\u001b[2J\\u009b\\u2028\\u007f"'],
])('writes %j', (fields, rest) => {
  expect(formatLogText({ ...base, ...fields })).toBe(`time="2026-01-02T03:04:05.678Z" ${rest}\n`);
});
