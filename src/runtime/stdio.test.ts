/**
 * Streams of a process over real FIFOs, as containerd makes them, with the guest's side in memory.
 */
import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Code } from '../ttrpc/index.ts';
import { pumpInput } from './input-pump.ts';
import { OutputPump } from './output-pump.ts';
import { openInput, openOutput } from './stdio.ts';

const log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'stdio-'));
  path = join(folder, 'fifo');
  execFileSync('mkfifo', [path]);
});

afterEach(() => rmSync(folder, { recursive: true }));

const openReader = (): Socket =>
  new Socket({ fd: openSync(path, constants.O_RDONLY | constants.O_NONBLOCK), readable: true, writable: false });

describe('OutputPump', () => {
  it('writes everything, more than a FIFO holds, and then the end', async () => {
    const reader = openReader();
    let left = 4 * 1024 * 1024;
    const pump = new OutputPump({
      read: async (maxBytes) => {
        const size = Math.min(left, maxBytes);
        left -= size;
        return Buffer.alloc(size, 'x');
      },
      output: openOutput(path),
      log,
    });
    expect(await buffer(reader)).toHaveLength(4 * 1024 * 1024);
    await pump.done;
  });

  it('waits for a reader that does not read, and ends when it is stopped', async () => {
    const held = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const read = vi.fn(async (maxBytes: number) => Buffer.alloc(maxBytes));
    const pump = new OutputPump({ read, output: openOutput(path), log });
    for (let turns = 0; turns < 50; turns++) {
      await turn();
    }
    expect(read.mock.calls.length).toBeLessThan(5);
    pump.stop();
    await pump.done;
    closeSync(held);
  });

  it('reads what comes after it was stopped, up to the end, for a child that holds the pipe', async () => {
    const first = Promise.withResolvers<Uint8Array>();
    const read = vi.fn(async () => Buffer.from('more'));
    read.mockReturnValueOnce(first.promise as Promise<Buffer<ArrayBuffer>>);
    const pump = new OutputPump({ read, output: openOutput(path), log });
    pump.stop();
    first.resolve(Buffer.from('late'));
    await pump.done;
    await vi.waitFor(() => expect(read.mock.calls.length).toBeGreaterThan(2), 20_000);
    read.mockResolvedValue(Buffer.alloc(0));
    const { length } = read.mock.calls;
    await vi.waitFor(() => expect(read.mock.calls.length).toBeGreaterThan(length), 20_000);
  });

  it('drops output without a reader', async () => {
    const pieces = [Buffer.from('a'), Buffer.from('b'), Buffer.alloc(0)];
    await new OutputPump({ read: async () => pieces.shift()!, output: undefined, log }).done;
    expect(pieces).toEqual([]);
  });

  it.each([
    ['more than was requested', async (maxBytes: number) => Buffer.alloc(maxBytes + 1)],
    ['an error', () => Promise.reject(new Error('gone'))],
  ])('ends when the guest gives %s, with what came before', async (_, fail) => {
    const reader = openReader();
    let calls = 0;
    const read = (maxBytes: number): Promise<Uint8Array> =>
      calls++ === 0 ? Promise.resolve(Buffer.from('before')) : fail(maxBytes);
    const pump = new OutputPump({ read, output: openOutput(path), log });
    expect((await buffer(reader)).toString()).toBe('before');
    await pump.done;
  });
});

describe('pumpInput', () => {
  it('gives the guest what was written before the writer said that it was done, then the end', async () => {
    const input = openInput(path)!;
    const writer = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
    writeSync(writer, 'hello');
    input.closeWriter();
    closeSync(writer);
    let got = '';
    const end = vi.fn(async () => undefined);
    await pumpInput({
      input,
      // The guest takes a byte at a time.
      write: async (data) => {
        got += Buffer.from(data.subarray(0, 1)).toString();
        return 1;
      },
      end,
      log,
    });
    expect(got).toBe('hello');
    expect(end).toHaveBeenCalledOnce();
  });

  it('takes a writer that goes away for no end, as when containerd is restarted', async () => {
    const input = openInput(path)!;
    const end = vi.fn(async () => undefined);
    let got = '';
    const pumped = pumpInput({
      input,
      write: async (data) => {
        got += Buffer.from(data).toString();
        return data.length;
      },
      end,
      log,
    });
    for (const text of ['one ', 'two']) {
      const writer = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
      writeSync(writer, text);
      closeSync(writer);
      await vi.waitFor(() => expect(got).toContain(text), 20_000);
    }
    expect(end).not.toHaveBeenCalled();
    input.closeWriter();
    await pumped;
    expect(got).toBe('one two');
    expect(end).toHaveBeenCalledOnce();
  });

  it.each([0, 6, -1])('ends when the guest says that it took %i of 5 bytes', async (taken) => {
    const input = openInput(path)!;
    const writer = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
    writeSync(writer, 'hello');
    const end = vi.fn(async () => undefined);
    await pumpInput({ input, write: async () => taken, end, log });
    expect(end).not.toHaveBeenCalled();
    closeSync(writer);
  });
});

describe('a standard stream', () => {
  it.each([
    ['binary:///bin/logger?x=1', Code.unimplemented, 'Standard streams by "binary:" are not supported'],
    ['file:///var/log/x', Code.unimplemented, 'Standard streams by "file:" are not supported'],
    ['/nowhere/at/all', Code.internal, 'Cannot open a standard stream: ENOENT'],
    ['/dev/null', Code.invalidArgument, 'it is not a FIFO'],
  ])('of "%s" is refused', (target, code, message) => {
    for (const open of [openInput, openOutput]) {
      expect(() => open(target)).toThrow(
        expect.objectContaining({ code, rawMessage: expect.stringContaining(message) }),
      );
    }
  });

  it('of no path is none', () => {
    expect(openInput('')).toBeUndefined();
    expect(openOutput('')).toBeUndefined();
  });
});
