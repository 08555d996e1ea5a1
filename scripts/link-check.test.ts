import { expect, it } from 'vitest';
import { checkLinks } from './link-check.ts';

const other = '# One\n\n## A `b` (c)\n\n## A b c\n\n## [Two](https://x.y), three\n\n```\n# no heading\n```\n';
const missing = 'docs/missing.md';

function check(path: string, text: string): string[] {
  return checkLinks(
    new Map([
      ['docs/other.md', other],
      [path, text],
    ]),
    ['docs/other.md', 'deploy/x/y.yaml', path],
  );
}

it.each([
  ['README.md', `\n[a](${missing})`, `README.md:2: no file ${missing}`],
  ['README.md', '![a](docs/images/a.png "b")', 'README.md:1: no file docs/images/a.png'],
  ['docs/a.md', '[a](#b)', 'docs/a.md:1: no heading #b in docs/a.md'],
  ['docs/a.md', '[a](other.md#A-b-c)', 'docs/a.md:1: no heading #A-b-c in docs/other.md'],
  ['docs/a.md', '[a](other.md#a-b-c-2)', 'docs/a.md:1: no heading #a-b-c-2 in docs/other.md'],
  ['docs/a.md', '[a](other.md#no-heading)', 'docs/a.md:1: no heading #no-heading in docs/other.md'],
  ['docs/a.md', '[a](../deploy/z)', 'docs/a.md:1: no file deploy/z'],
  ['src/a.ts', `// See ${missing}.`, `src/a.ts:1: no file ${missing}`],
  ['deploy/x/y.yaml', 'a: docs/other.md#b', 'deploy/x/y.yaml:1: no heading #b in docs/other.md'],
])('%s: %s leads nowhere', (path, text, fault) => {
  expect(check(path, text)).toEqual([fault]);
});

it.each([
  [
    'README.md',
    '[a](docs/other.md) [b](docs/other.md#two-three) [c](deploy/x/) [d](https://a.b/c.md#d) [e](mailto:a@b)',
  ],
  ['docs/a.md', '# A\n[a](#a) [b](other.md#a-b-c) [c](other.md#a-b-c-1) [d](../deploy)'],
  ['docs/a.md', '`[a](b.md)`\n\n```sh\n[a](b.md)\n```'],
  ['src/a.ts', '// docs/other.md#one, firecracker/docs/vsock.md and a sentence about docs/other.md.'],
])('%s: %s leads somewhere', (path, text) => {
  expect(check(path, text)).toEqual([]);
});
