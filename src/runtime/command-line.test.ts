import { describe, expect, it } from 'vitest';
import { parseShimCommand } from './command-line.ts';

/** As containerd writes it. */
const usual = ['-namespace', 'k8s.io', '-address', '/run/c.sock', '-publish-binary', '/bin/containerd', '-id', 'abc'];

describe('parseShimCommand', () => {
  it.each([
    [[...usual, 'start'], { action: 'start', namespace: 'k8s.io', id: 'abc', address: '/run/c.sock', isDebug: false }],
    [[...usual, '-debug', 'start'], { action: 'start', isDebug: true }],
    [[...usual, '--debug', 'start'], { action: 'start', isDebug: true }],
    [[...usual, '-bundle', '/b', 'delete'], { action: 'delete', bundlePath: '/b' }],
    [[...usual, 'delete'], { action: 'delete', bundlePath: '/cwd' }],
    [['-namespace=x', '-id=y', 'start'], { action: 'start', namespace: 'x', id: 'y' }],
    [['-v'], { action: 'version' }],
    [['-info'], { action: 'info' }],
    [[...usual, '-socket', '/s', 'serve'], { action: 'serve', socketPath: '/s' }],
  ])('reads %j', (args, expected) => {
    expect(parseShimCommand(args, '/cwd')).toMatchObject(expected);
  });

  it.each([
    [[], 'Expected an action, start or delete, got none'],
    [['-id', 'a', 'stop'], 'Expected an action, start or delete, got "stop"'],
    [['-frob', 'start'], 'Unknown flag "-frob"'],
    [['start'], 'Flag "-id" must be 1 to 128 of A-Z a-z 0-9 . _ -, and begin with a letter or digit, got ""'],
    [
      ['-id', '../x', 'start'],
      'Flag "-id" must be 1 to 128 of A-Z a-z 0-9 . _ -, and begin with a letter or digit, got "../x"',
    ],
    [['-id', 'x'.repeat(129), 'start'], 'Flag "-id" must be 1 to 128'],
  ])('refuses %j', (args, message) => {
    expect(() => parseShimCommand(args, '/cwd')).toThrow(message);
  });
});
