import { describe, expect, it } from 'vitest';
import { sandboxIn } from '../../sandboxes/index.ts';
import { chooseExporters } from './exporter-targets.ts';

const sandbox = sandboxIn('/run/vc/sbs', 'one', 0);
const allowed = new Map(
  [
    { name: 'node', address: '9100' },
    { name: 'dcgm', address: 'unix:/run/dcgm.sock' },
    { name: 'app', address: undefined },
  ].map((exporter) => [exporter.name, exporter]),
);

/** What is requested from the shim, and what is refused. */
function choose(annotation: string | undefined): { paths: string[]; refused: readonly string[] } {
  const { targets, refused } = chooseExporters(sandbox, allowed, annotation);
  return { paths: targets.map(({ shimPath }) => shimPath), refused };
}

const node = '/guest-exporter?name=node&address=9100';
const dcgm = '/guest-exporter?name=dcgm&address=unix:/run/dcgm.sock';
const app = '/guest-exporter?name=app&address=8080';

describe('The exporters of a sandbox', () => {
  it.each<[what: string, annotation: string | undefined, paths: string[], refused: string[]]>([
    ['without annotation, those with an address', undefined, [node, dcgm], []],
    ['with an empty annotation, none', '', [], []],
    ['with blanks only, none', ' , ,', [], []],
    ['those that it names', 'dcgm', [dcgm], []],
    ['with an address that only the pod knows', ' node , app=8080 ', [node, app], []],
    ['with a path', 'app=8080/stats/prometheus', ['/guest-exporter?name=app&address=8080/stats/prometheus'], []],
    ['never another address than that of the node', 'node=22', [node], []],
    ['not without an address', 'app', [], ['app']],
    [
      'not with an invalid one',
      'app=0,app=http://169.254.169.254/,app=../x',
      [],
      ['app=0', 'app=http://169.254.169.254/', 'app=../x'],
    ],
    ['not of an unknown name', 'redis=9121,__proto__=1,node', [node], ['redis=9121', '__proto__=1']],
    ['each once', 'node,node,app=1,app=2', [node, '/guest-exporter?name=app&address=2'], []],
  ])('are, %s', (_what, annotation, paths, refused) => {
    expect(choose(annotation)).toEqual({ paths, refused });
  });

  it('are limited in number, whatever the annotation says', () => {
    const many = new Map(Array.from({ length: 40 }, (_, i) => [`x${i}`, { name: `x${i}`, address: undefined }]));
    const annotation = [...many.keys()].map((name) => `${name}=80`).join();
    const { targets, refused } = chooseExporters(sandbox, many, annotation);
    expect([targets.length, refused]).toEqual([16, ['x16=80']]);
  });

  it('have ids that are unique on the node', () => {
    expect(chooseExporters(sandbox, allowed, undefined).targets.map(({ id }) => id)).toEqual(['one/node', 'one/dcgm']);
  });
});
