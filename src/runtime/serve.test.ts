import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { SandboxService } from '../runtime-proto/index.ts';
import { dialUnix } from '../transport/index.ts';
import { TtrpcClient } from '../ttrpc/index.ts';

const PROGRAM = join(import.meta.dirname, '../../scripts/runtime-program.ts');
/** On which the shim says that it listens. */
const READY_FD = 3;

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'serve-'));
});

afterEach(() => rmSync(folder, { recursive: true }));

// See waitForClients: a client in Go may lose a response to which the end of the connection follows.
it('leaves it to its client to close the connection by which it was told to end', async () => {
  const socketPath = join(folder, 'shim.sock');
  const flags = {
    namespace: 'ns',
    id: 'one',
    address: join(folder, 'containerd.sock'),
    bundle: folder,
    socket: socketPath,
  };
  const args = Object.entries(flags).flatMap(([name, value]) => [`-${name}`, value]);
  const shim = spawn(process.execPath, ['--no-warnings', PROGRAM, ...args, 'serve'], {
    stdio: ['ignore', 'inherit', 'inherit', 'pipe'],
  });
  const ended = once(shim, 'exit');
  try {
    expect(String(await once(shim.stdio[READY_FD]!, 'data'))).toBe('ready');
    const client = new TtrpcClient(await dialUnix(socketPath));
    const sandbox = { sandboxId: 'one' };
    await client.unary(SandboxService.method.shutdownSandbox, sandbox);
    expect(await client.unary(SandboxService.method.sandboxStatus, sandbox)).toMatchObject(sandbox);
    client.close();
    expect(await ended).toEqual([0, null]);
  } finally {
    shim.kill('SIGKILL');
  }
});
