import { expect, it } from 'vitest';
import { readAlternativeNames } from './client-certificate.ts';

it.each([
  [undefined, []],
  ['DNS:a.example, IP Address:10.0.0.1, email:a@b, URI:spiffe://x/y', ['a.example', '10.0.0.1', 'a@b', 'spiffe://x/y']],
  ['DNS:"a.example, DNS:b.example"', ['a.example, DNS:b.example']],
  ['othername:<unsupported>, DNS:a', ['a']],
])('readAlternativeNames(%j)', (text, names) => {
  expect(readAlternativeNames(text)).toEqual(names);
});
