/**
 * The end of input, CloseIO, the end of output and the exit of a process come in any order: over real FIFOs, with a guest that
 * the test plays.
 */
import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { AgentClient } from './agent-client.ts';
import { TaskProcess } from './task-process.ts';

const log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'process-'));
  execFileSync(
    'mkfifo',
    ['in', 'out'].map((name) => join(folder, name)),
  );
});

afterEach(() => rmSync(folder, { recursive: true }));

function permute<T>(items: readonly T[]): T[][] {
  return items.length < 2
    ? [[...items]]
    : items.flatMap((item) => permute(items.filter((other) => other !== item)).map((rest) => [item, ...rest]));
}

const STEPS = ['the client closes its end', 'CloseIO', 'output ends', 'exit'] as const;

describe('a process', () => {
  it.each(permute(STEPS).map((order) => [order.join(', '), order] as const))(
    'keeps all input and output: %s',
    async (_, order) => {
      const received: Buffer[] = [];
      const reads = [Promise.withResolvers<string>(), Promise.withResolvers<string>()];
      let readCount = 0;
      const isInputEnded = vi.fn();
      const agent = {
        call: async (name: string) => (name === 'closeStdin' ? isInputEnded() : undefined),
        wait: async (name: string, { data }: { data: Uint8Array }) => {
          if (name === 'writeStdin') {
            received.push(Buffer.from(data));
            return { len: data.length };
          }
          readCount += 1;
          return { data: Buffer.from(readCount === 1 ? 'head ' : await reads[readCount - 2]!.promise) };
        },
      } as unknown as AgentClient;
      const process = new TaskProcess({
        containerId: 'c1',
        execId: '',
        bundlePath: folder,
        stdio: { stdin: join(folder, 'in'), stdout: join(folder, 'out'), stderr: '' },
        hasTerminal: true,
        log,
      });
      const open = constants.O_NONBLOCK;
      const output = buffer(
        new Socket({ fd: openSync(join(folder, 'out'), constants.O_RDONLY | open), writable: false }),
      );
      process.openOutputs();
      process.pumpStreams(agent);
      const client = openSync(join(folder, 'in'), constants.O_WRONLY | open);
      writeSync(client, 'input');
      await vi.waitFor(() => expect(Buffer.concat(received).toString()).toBe('input'), 20_000);

      const steps: Record<(typeof STEPS)[number], () => void> = {
        'the client closes its end': () => closeSync(client),
        CloseIO: () => process.closeInput(),
        'output ends': () => {
          reads[0]!.resolve('tail');
          reads[1]!.resolve('');
        },
        exit: () => void process.finish(7),
      };
      for (const step of order) {
        steps[step]();
        await turn();
      }
      await process.exited;
      expect((await output).toString()).toBe('head tail');
      expect(process.exitStatus).toBe(7);
      if (order.at(-1) === 'exit') {
        await vi.waitFor(() => expect(isInputEnded).toHaveBeenCalledOnce(), 20_000);
      }
      process.closeStreams();
    },
  );
});
