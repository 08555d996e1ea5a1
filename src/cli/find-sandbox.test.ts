import { describe, expect, it } from 'vitest';
import type { Sandbox } from '../monitor/index.ts';
import { findSandbox } from './find-sandbox.ts';

const sandboxes = ['abc', 'abcd', 'abx', 'q1'].map((id) => ({ id }) as Sandbox);

describe('findSandbox', () => {
  it.each([
    ['q1', 'q1'],
    ['q', 'q1'],
    ['abx', 'abx'],
    ['abcd', 'abcd'],
    // Exactly this one, though another begins with it.
    ['abc', 'abc'],
  ])('finds by "%s" sandbox "%s"', (beginning, id) => {
    expect(findSandbox(beginning, sandboxes).id).toBe(id);
  });

  it('lists the candidates of an ambiguous beginning', () => {
    expect(() => findSandbox('ab', sandboxes)).toThrow('3 sandboxes begin with "ab":\n  abc\n  abcd\n  abx');
  });

  it('lists no more than helps', () => {
    const many = Array.from({ length: 30 }, (_, i) => ({ id: `a${i}` }) as Sandbox);
    expect(() => findSandbox('a', many)).toThrow(/a19\n {2}and 10 more$/);
  });

  it.each(['', 'x', '../abc', 'abcde'])('finds nothing by "%s"', (beginning) => {
    expect(() => findSandbox(beginning, sandboxes)).toThrow(`No sandbox "${beginning}" among the 4 on this node`);
  });
});
