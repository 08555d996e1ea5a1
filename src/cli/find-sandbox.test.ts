import { describe, expect, it } from 'vitest';
import type { CriPod } from '../cri/index.ts';
import type { Sandbox } from '../sandboxes/index.ts';
import { findSandbox, findSandboxes } from './find-sandbox.ts';
import { type NodePods, noPods } from './node-pods.ts';
import type { NodeSandboxes } from './node-sandboxes.ts';

function nodeWith(ids: readonly string[], unreadable: NodeSandboxes['unreadable'] = []): NodeSandboxes {
  return { sandboxes: ids.map((id) => ({ id }) as Sandbox), unreadable };
}

const node = nodeWith(['abc', 'abcd', 'abx', 'q1']);

describe('findSandbox', () => {
  it.each([
    ['q1', 'q1'],
    ['q', 'q1'],
    ['abx', 'abx'],
    ['abcd', 'abcd'],
    // Exactly this one, though another begins with it.
    ['abc', 'abc'],
  ])('finds by "%s" sandbox "%s"', (beginning, id) => {
    expect(findSandbox(beginning, node, noPods).id).toBe(id);
  });

  it('lists the candidates of an ambiguous beginning', () => {
    expect(() => findSandbox('ab', node, noPods)).toThrow('3 sandboxes begin with "ab":\n  abc\n  abcd\n  abx');
  });

  it('lists no more than helps', () => {
    const many = nodeWith(Array.from({ length: 30 }, (_, i) => `a${i}`));
    expect(() => findSandbox('a', many, noPods)).toThrow(/a19\n {2}and 10 more$/);
  });

  it.each(['', 'x', '../abc', 'abcde'])('finds nothing by "%s"', (beginning) => {
    expect(() => findSandbox(beginning, node, noPods)).toThrow(
      `No sandbox "${beginning}": it is not one of the 4 on this node`,
    );
  });

  it('says that there are none', () => {
    expect(() => findSandbox('x', nodeWith([]), noPods)).toThrow('No sandbox "x": this node has no sandboxes');
  });

  it('says where it could not look', () => {
    const half = nodeWith(['abc'], [{ root: '/run/kata', code: 'EACCES' }]);
    expect(() => findSandbox('x', half, noPods)).toThrow(
      'No sandbox "x": the only sandbox on this node is another one; cannot read the sandboxes in "/run/kata": this user has no permission',
    );
  });
});

function podsWith(paths: Readonly<Record<string, string>>): NodePods {
  const pods = Object.entries(paths).map(([id, path]) => {
    const [namespace = '', name = ''] = path.split('/');
    const pod: CriPod = { id, uid: '', name, namespace, createdNs: undefined, labels: {} };
    return [id, pod] as const;
  });
  return { pods: new Map(pods), problem: undefined };
}

describe('findSandbox by the name of a pod', () => {
  const pods = podsWith({ abc: 'shop/web-0', abcd: 'shop/web-01', q1: 'data/db-0' });

  it.each([
    ['data/db-0', 'q1'],
    ['data/', 'q1'],
    // Exactly this one, though another begins with it.
    ['shop/web-0', 'abc'],
    ['shop/web-01', 'abcd'],
  ])('finds by "%s" sandbox "%s"', (beginning, id) => {
    expect(findSandbox(beginning, node, pods).id).toBe(id);
  });

  it('lists the candidates with id and name', () => {
    expect(() => findSandbox('shop/w', node, pods)).toThrow(
      '2 sandboxes begin with "shop/w":\n  abc shop/web-0\n  abcd shop/web-01',
    );
    expect(() => findSandbox('ab', node, pods)).toThrow(/\n {2}abc shop\/web-0\n.*\n {2}abx$/);
  });

  it.each(['/', 'shop/x', 'hop/web-0', 'shop/web-0/x'])('finds nothing by "%s"', (beginning) => {
    expect(() => findSandbox(beginning, node, pods)).toThrow(`No sandbox "${beginning}"`);
  });

  it('reports that no container manager provides names', () => {
    expect(() => findSandbox('shop/web-0', node, { pods: new Map(), problem: 'It is gone' })).toThrow(
      'No sandbox "shop/web-0": it is not one of the 4 on this node; container manager gives no names: It is gone',
    );
  });

  it('lets two pods of one name be distinguished by their ids', () => {
    const sameNames = podsWith({ abc: 'shop/web-0', abx: 'shop/web-0' });
    expect(() => findSandbox('shop/web-0', node, sameNames)).toThrow('2 sandboxes begin with "shop/web-0"');
    expect(findSandboxes('shop/web-0', node, sameNames).map(({ id }) => id)).toEqual(['abc', 'abx']);
  });
});
