import { expect, it } from 'vitest';
import { isAtLeast, isNodeSupported } from './supported-node.ts';

it.each([
  ['22.18.0', '22.18', true],
  ['22.18.1', '22.18', true],
  ['22.17.9', '22.18', false],
  ['22.2.0', '22.18', false],
  ['24.0.0', '22.18', true],
  ['20.20.2', '22.18', false],
  ['16.20.2', '22.18', false],
  ['22.18.0-nightly', '22.18', true],
  ['26.0.0', '22', true],
])('isAtLeast(%s, %s) is %s', (version, lowest, expected) => {
  expect(isAtLeast(version, lowest)).toBe(expected);
});

it('accepts the Node.js that runs the tests', () => {
  expect(isNodeSupported('kata-monitor')).toBe(true);
});
