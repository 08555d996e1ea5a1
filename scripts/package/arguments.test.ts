import { expect, it } from 'vitest';
import { readTask } from './arguments.ts';

it.each([
  [[], 'Cannot make ""'],
  [['snap'], 'Cannot make "snap"'],
  [['image-root'], 'A DIRECTORY is missing'],
  [['image-root', import.meta.dirname], `Directory "${import.meta.dirname}" is not empty`],
  [['deb', 'a', 'b', 'c'], 'Too many arguments: "b c"'],
  [['deb', 'a', '--architecture=mips'], 'Cannot package for "mips": known are amd64 and arm64'],
  [['deb', '--what'], "Unknown option '--what'"],
])('%j is wrong usage', (args, message) => {
  expect(() => readTask(args, '1')).toThrow(message);
});

it.each(['', 'now', '-1', '1.5', '1e9', '123456789012'])('%j is no time', (epoch) => {
  expect(() => readTask(['deb'], epoch)).toThrow(
    `Variable SOURCE_DATE_EPOCH must be a number of seconds, got "${epoch}"`,
  );
});

it('reads what to make', () => {
  expect(
    readTask(['image-root', '/new', '--architecture=arm64', '--foreign-packages=/f', '--libraries-root=/l'], '7'),
  ).toEqual({
    what: 'image-root',
    folder: '/new',
    machine: { npm: 'arm64', debian: 'arm64', rpm: 'aarch64', triplet: 'aarch64-linux-gnu' },
    foreignPackages: '/f',
    librariesRoot: '/l',
    epochSeconds: 7,
  });
  expect(readTask(['--help'], '7').what).toBe('help');
});
