import { expect, it, vi } from 'vitest';
import { TaskStatus } from '../runtime-proto/index.ts';
import type { AgentClient } from './agent-client.ts';
import type { Task } from './task-list.ts';
import { watchOom } from './task-watch.ts';

const log = { debug: vi.fn(), info: vi.fn(), warn: vi.fn(), error: vi.fn() };

/** Plays a guest that reports these containers, one after the other, and is lost then. */
async function watch(containerIds: readonly string[]) {
  const order: string[] = [];
  const left = [...containerIds];
  const wait = async () => {
    const containerId = left.shift();
    if (containerId === undefined) {
      throw new Error('lost');
    }
    return { containerId };
  };
  const tasks = new Map(
    [
      ['one', TaskStatus.RUNNING],
      ['two', TaskStatus.RUNNING],
      ['over', TaskStatus.STOPPED],
    ].map(([id, status]) => [id, { init: { status } } as unknown as Task] as [string, Task]),
  );
  await watchOom({ agent: { wait } as unknown as AgentClient }, tasks as unknown as Parameters<typeof watchOom>[1], {
    events: { publish: (_topic, _schema, event) => void order.push((event as { containerId: string }).containerId) },
    log,
    pause: async () => void order.push('pause'),
  });
  return order;
}

it('an OOM event of a running container is published at once', async () => {
  expect(await watch(['one', 'two'])).toEqual(['one', 'two']);
});

it.each([
  ['the same container again', ['one', 'one', 'one', 'two'], ['one', 'pause', 'pause', 'two']],
  ['containers that are not there', ['none', '', '__proto__'], ['pause', 'pause', 'pause']],
  ['a container that has ended', ['over', 'one'], ['pause', 'one']],
])('a guest that reports %s waits before the next event is requested', async (_what, ids, order) => {
  expect(await watch(ids)).toEqual(order);
});
