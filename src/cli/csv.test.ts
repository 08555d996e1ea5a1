import { expect, it } from 'vitest';
import { toCsvCell } from './csv.ts';

it.each([
  ['web', 'web'],
  ['', ''],
  [undefined, ''],
  [null, ''],
  [0, '0'],
  [-1.5, '-1.5'],
  ['a,b', '"a,b"'],
  ['a"b', '"a""b"'],
  ['a\nb', '"a\nb"'],
  ['=1+1', "'=1+1"],
  ['=HYPERLINK("http://x","y")', `"'=HYPERLINK(""http://x"",""y"")"`],
  ['+1', "'+1"],
  ['-1', "'-1"],
  ['@SUM(A1)', "'@SUM(A1)"],
  ['\t=1', "'\t=1"],
  ['\r=1', `"'\r=1"`],
  ['a=1', 'a=1'],
])('toCsvCell(%j) is %j', (value, cell) => {
  expect(toCsvCell(value)).toBe(cell);
});
