import { expect, it } from 'vitest';
import type { PageRequest } from './page.ts';
import { toFileReply } from './page-files.ts';

const file = {
  contentType: 'text/css; charset=utf-8',
  etag: '"a1"',
  bytes: Buffer.from('x'),
  compressed: Buffer.from('compressed'),
};

const reply = (headers: Readonly<Record<string, string>>) =>
  toFileReply(file, { header: (name) => headers[name] } as PageRequest);

it.each([
  ['"a1"', 304],
  ['W/"a1"', 304],
  ['"b", W/"a1", "c"', 304],
  ['*', 304],
  ['"a2"', 200],
  ['a1', 200],
  ['', 200],
  [',,,', 200],
])('If-None-Match: %s gets status %d', (ifNoneMatch, status) => {
  expect(reply({ 'if-none-match': ifNoneMatch })).toMatchObject({ status, headers: { etag: '"a1"' } });
});

it('is compressed for clients that accept it', () => {
  expect(reply({ 'accept-encoding': 'gzip' })).toMatchObject({ status: 200, body: file.compressed });
  expect(reply({ 'accept-encoding': 'gzip;q=0' })).toMatchObject({ status: 200, body: file.bytes });
});
