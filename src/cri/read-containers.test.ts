import { expect, it } from 'vitest';
import type { CriClient } from './cri-client.ts';
import { readContainers } from './read-containers.ts';

it('a container that is listed twice is one', async () => {
  const pod = { id: 'p', uid: 'u', name: 'web', namespace: 'shop', createdNs: undefined, labels: {} };
  const container = { id: 'c', podId: 'p', name: 'app', image: '', isRunning: true, createdNs: undefined };
  const client = {
    listPods: async () => [pod, pod],
    listContainers: async () => [container, { ...container, name: 'renamed' }],
    listContainerStats: async () => [{ containerId: 'c' }, { containerId: 'c' }],
  } as unknown as CriClient;
  const usages = await readContainers({ client, timeoutMs: 1000 }, { isWanted: () => true });
  expect(usages.map(({ container: { name } }) => name)).toEqual(['renamed']);
});
