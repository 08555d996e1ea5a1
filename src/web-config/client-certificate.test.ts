import { expect, it } from 'vitest';
import { readAlternativeNames } from './client-certificate.ts';

it.each([
  [undefined, []],
  ['DNS:a.example, IP Address:10.0.0.1, email:a@b, URI:spiffe://x/y', ['a.example', '10.0.0.1', 'a@b', 'spiffe://x/y']],
  ['DNS:"a.example, DNS:b.example"', ['a.example, DNS:b.example']],
  ['IP Address:2001:DB8:0:0:0:0:0:1, IP Address:0:0:0:0:0:FFFF:A00:1', ['2001:db8::1', '10.0.0.1']],
  ['othername:<unsupported>, DNS:a', ['a']],
])('readAlternativeNames(%j)', (text, names) => {
  expect(readAlternativeNames(text)).toEqual(names);
});
