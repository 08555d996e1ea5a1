import { describe, expect, it, vi } from 'vitest';
import { MESSAGE_OVERHEAD_BYTES } from './limits.ts';
import { ReceiveQueue } from './receive-queue.ts';

const DONE = { done: true, value: undefined };

function makeQueue(maxBufferedBytes = 1000): { queue: ReceiveQueue<string>; onAbandoned: ReturnType<typeof vi.fn> } {
  const onAbandoned = vi.fn();
  const decode = (payload: Uint8Array): string => {
    const text = Buffer.from(payload).toString();
    if (text === 'bad') {
      throw new Error('Cannot decode "bad"');
    }
    return text;
  };
  return { queue: new ReceiveQueue({ decode, maxBufferedBytes, onAbandoned }), onAbandoned };
}

function push(queue: ReceiveQueue<string>, ...texts: string[]): boolean[] {
  return texts.map((text) => queue.push(Buffer.from(text)));
}

describe('ReceiveQueue', () => {
  it('gives messages in order, whether they arrive before or after the read', async () => {
    const { queue } = makeQueue();
    const asked = [queue.next(), queue.next()];
    push(queue, 'a', 'b', 'c');
    queue.end();
    const results = [...(await Promise.all(asked)), await queue.next(), await queue.next()];
    expect(results.map(({ value }) => value)).toEqual(['a', 'b', 'c', undefined]);
  });

  it('ends every waiting reader', async () => {
    const { queue, onAbandoned } = makeQueue();
    const asked = [queue.next(), queue.next()];
    queue.end();
    expect(await Promise.all(asked)).toEqual([DONE, DONE]);
    expect(onAbandoned).not.toHaveBeenCalled();
  });

  it('gives what waits before an error, and the error once', async () => {
    const { queue } = makeQueue();
    push(queue, 'a');
    queue.fail(new Error('lost'));
    queue.fail(new Error('ignored'));
    expect(await queue.next()).toMatchObject({ value: 'a' });
    await expect(queue.next()).rejects.toThrow('lost');
    expect(await queue.next()).toEqual(DONE);
  });

  it('gives the error of an abort before what waits, also after its end', async () => {
    const { queue } = makeQueue();
    push(queue, 'a');
    queue.end();
    queue.abort(new Error('cancelled'));
    await expect(queue.next()).rejects.toThrow('cancelled');
    expect(await queue.next()).toEqual(DONE);
  });

  it('is not aborted when all has been read', async () => {
    const { queue } = makeQueue();
    queue.end();
    queue.abort(new Error('cancelled'));
    expect(await queue.next()).toEqual(DONE);
  });

  it('refuses what does not fit and takes more when some was read', async () => {
    const { queue } = makeQueue(2 * (MESSAGE_OVERHEAD_BYTES + 10));
    expect(push(queue, '0123456789', '0123456789', '')).toEqual([true, true, false]);
    await queue.next();
    expect(push(queue, '0123456789', '')).toEqual([true, false]);
  });

  it('takes one message of any size when it is empty', () => {
    const { queue } = makeQueue(10);
    expect(push(queue, 'x'.repeat(5000), 'y')).toEqual([true, false]);
  });

  it('keeps no large chunk alive for a small message', async () => {
    const seen: Uint8Array[] = [];
    const decode = (payload: Uint8Array): number => seen.push(payload);
    const queue = new ReceiveQueue({ decode, maxBufferedBytes: 1000, onAbandoned: () => undefined });
    const chunk = new Uint8Array(65536).fill(7);
    queue.push(chunk.subarray(100, 110));
    await queue.next();
    expect(seen[0]).toEqual(new Uint8Array(10).fill(7));
    expect(seen[0]?.buffer.byteLength).toBe(10);
  });

  it('tells that its reader left, once, and drops everything', async () => {
    const { queue, onAbandoned } = makeQueue();
    push(queue, 'a', 'b');
    const waiting = makeQueue();
    const asked = waiting.queue.next();
    await Promise.all([queue.return(), queue.return(), waiting.queue.return()]);
    expect(await asked).toEqual(DONE);
    expect(await queue.next()).toEqual(DONE);
    expect(onAbandoned).toHaveBeenCalledTimes(1);
    expect(push(queue, 'c')).toEqual([true]);
    expect(await queue.next()).toEqual(DONE);
  });

  it.each(['before', 'after'])('reports the error of an invalid message that arrives %s the read', async (when) => {
    const { queue, onAbandoned } = makeQueue();
    const early = when === 'after' ? queue.next() : undefined;
    push(queue, 'bad', 'good');
    await expect(early ?? queue.next()).rejects.toThrow('Cannot decode "bad"');
    expect(await queue.next()).toEqual(DONE);
    expect(onAbandoned).toHaveBeenCalledTimes(1);
  });
});
