import { describe, expect, it } from 'vitest';
import type { Sandbox } from '../monitor/index.ts';
import { findSandbox } from './find-sandbox.ts';
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
    expect(findSandbox(beginning, node).id).toBe(id);
  });

  it('lists the candidates of an ambiguous beginning', () => {
    expect(() => findSandbox('ab', node)).toThrow('3 sandboxes begin with "ab":\n  abc\n  abcd\n  abx');
  });

  it('lists no more than helps', () => {
    const many = nodeWith(Array.from({ length: 30 }, (_, i) => `a${i}`));
    expect(() => findSandbox('a', many)).toThrow(/a19\n {2}and 10 more$/);
  });

  it.each(['', 'x', '../abc', 'abcde'])('finds nothing by "%s"', (beginning) => {
    expect(() => findSandbox(beginning, node)).toThrow(`No sandbox "${beginning}" among the 4 on this node`);
  });

  it('says where it could not look', () => {
    const half = nodeWith(['abc'], [{ root: '/run/kata', code: 'EACCES' }]);
    expect(() => findSandbox('x', half)).toThrow(
      'No sandbox "x" among the 1 on this node; cannot read "/run/kata": EACCES',
    );
  });
});
