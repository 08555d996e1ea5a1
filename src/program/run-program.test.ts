import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { OptionError } from '../options/index.ts';
import { readOption, runProgram } from './run-program.ts';

let stderr: string;

beforeEach(() => {
  stderr = '';
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    stderr += String(text);
    return true;
  });
});

afterEach(() => {
  vi.restoreAllMocks();
});

const run = (error: unknown) =>
  runProgram({ name: 'kata-test', helpCommand: 'kata-test run --help' }, () => Promise.reject(error));

class ForeseenError extends Error {
  override readonly name = 'ForeseenError';
}

describe('runProgram', () => {
  it('has the exit code of the program', async () => {
    expect(await runProgram({ name: 'kata-test', helpCommand: '' }, async () => 3)).toBe(3);
    expect(stderr).toBe('');
    expect(process.listenerCount('uncaughtException')).toBe(countBefore);
  });

  it('says how the program is used, and ends with 2', async () => {
    expect(await run(new OptionError('Option "--a" must be b, got "c"'))).toBe(2);
    expect(stderr).toBe('kata-test: Option "--a" must be b, got "c"\nTry "kata-test run --help"\n');
  });

  it.each([new ForeseenError('Cannot do it'), Object.assign(new Error('Cannot do it'), { code: 'EACCES' })])(
    'says why it failed, and ends with 1',
    async (error) => {
      expect(await run(error)).toBe(1);
      expect(stderr).toBe('kata-test: Cannot do it\n');
    },
  );

  it.each([
    new TypeError("Cannot destructure property 'a' of 'undefined'"),
    new RangeError('Invalid array length'),
    new ReferenceError('a is not defined'),
    new SyntaxError('Unexpected token'),
    'a text',
    undefined,
  ])('crashes with a stack and 70, whatever runs still, and shows no help: %s', async (error) => {
    const exit = vi.spyOn(process, 'exit').mockImplementation(() => undefined as never);
    await run(error);
    expect(exit).toHaveBeenCalledExactlyOnceWith(70);
    expect(stderr).toContain('kata-test: internal error, please report it to the maintainers\n');
    expect(stderr).toContain(error instanceof Error ? error.stack : String(error));
    expect(stderr).not.toContain('--help');
  });
});

const countBefore = process.listenerCount('uncaughtException');

describe('readOption', () => {
  it('makes wrong usage of a text that cannot be read, and of nothing else', () => {
    const fail = (error: Error) => () =>
      readOption(() => {
        throw error;
      });
    expect(readOption(() => 1)).toBe(1);
    expect(fail(new TypeError('Cannot read "a"'))).toThrow(OptionError);
    expect(fail(new RangeError('b'))).toThrow(RangeError);
  });
});
