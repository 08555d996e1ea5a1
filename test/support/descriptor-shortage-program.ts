/**
 * Queries two shims, `<socket> <socket>`, with every file descriptor of the process open: prints what came of it, a line each.
 * To be run with few descriptors.
 */
import { closeSync, openSync } from 'node:fs';
import { ShimClient } from '../../src/shim-client/index.ts';

const [first = '', second = ''] = process.argv.slice(2);
const client = new ShimClient();
const ask = async (what: string, socketPath: string): Promise<void> => {
  const response = await client.get({ socketPath, path: '/metrics', timeoutMs: 3000, maxBytes: 10_000 });
  process.stdout.write(`${what}: ${response.kind === 'ok' ? 'ok' : `${response.reason}, ${response.message}`}\n`);
};
const open: number[] = [];
const useUp = (): void => {
  try {
    for (;;) {
      open.push(openSync('/dev/null', 'r'));
    }
  } catch {
    // None is left.
  }
};

// The first request of a process opens what stays open.
await ask('before', first);
useUp();
await ask('with an idle connection to give up', second);
client.close();
const lone = new ShimClient();
useUp();
const response = await lone.get({ socketPath: first, path: '/metrics', timeoutMs: 3000, maxBytes: 10_000 });
process.stdout.write(`with none: ${response.kind === 'ok' ? 'ok' : `${response.reason}, ${response.message}`}\n`);
for (const descriptor of open.splice(0)) {
  closeSync(descriptor);
}
await ask('afterwards', first);
lone.close();
