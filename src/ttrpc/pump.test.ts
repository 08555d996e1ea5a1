import { describe, expect, it, vi } from 'vitest';
import { pump } from './pump.ts';

const never = new AbortController().signal;

describe('pump', () => {
  it.each([
    ['an array', [1, 2, 3]],
    ['a set', new Set([1, 2, 3])],
    [
      'an async generator',
      (async function* () {
        yield 1;
        yield* [2, 3];
      })(),
    ],
  ])('writes each message of %s', async (_, messages) => {
    const written: number[] = [];
    await pump({ messages, signal: never, write: async (message) => void written.push(message) });
    expect(written).toEqual([1, 2, 3]);
  });

  it('reads the next message only when the last is written', async () => {
    const order: string[] = [];
    function* messages(): Generator<number> {
      for (const index of [1, 2]) {
        order.push(`give ${index}`);
        yield index;
      }
    }
    const write = async (message: number): Promise<void> => {
      await Promise.resolve();
      order.push(`written ${message}`);
    };
    await pump({ messages: messages(), signal: never, write });
    expect(order).toEqual(['give 1', 'written 1', 'give 2', 'written 2']);
  });

  it('stops a generator on abort', async () => {
    const controller = new AbortController();
    const onStopped = vi.fn();
    async function* messages(): AsyncGenerator<number> {
      try {
        for (;;) {
          yield 1;
        }
      } finally {
        onStopped();
      }
    }
    const write = async (): Promise<void> => controller.abort();
    await pump({ messages: messages(), signal: controller.signal, write });
    expect(onStopped).toHaveBeenCalledTimes(1);
  });

  it('takes nothing when it is aborted before', async () => {
    const write = vi.fn(async () => undefined);
    await pump({ messages: [1], signal: AbortSignal.abort(), write });
    expect(write).not.toHaveBeenCalled();
  });

  it('passes on what the messages throw', async () => {
    async function* messages(): AsyncGenerator<number> {
      yield 1;
      throw new Error('broken');
    }
    await expect(pump({ messages: messages(), signal: never, write: async () => undefined })).rejects.toThrow('broken');
  });

  it('stops the messages when they cannot be written', async () => {
    const onStopped = vi.fn();
    function* messages(): Generator<number> {
      try {
        yield 1;
      } finally {
        onStopped();
      }
    }
    const write = (): Promise<void> => Promise.reject(new Error('full'));
    await expect(pump({ messages: messages(), signal: never, write })).rejects.toThrow('full');
    expect(onStopped).toHaveBeenCalledTimes(1);
  });

  it('minds no error of a generator that is stopped', async () => {
    const controller = new AbortController();
    async function* messages(): AsyncGenerator<number> {
      try {
        for (;;) {
          yield 1;
        }
      } finally {
        // biome-ignore lint/correctness/noUnsafeFinally: this is what must not get out
        throw new Error('broken clean-up');
      }
    }
    const write = async (): Promise<void> => controller.abort();
    await pump({ messages: messages(), signal: controller.signal, write });
  });
});
