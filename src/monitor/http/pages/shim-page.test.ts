import { chownSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { answerWithLength, type FakeShim, startFakeShim } from '../../../../test/support/fake-shim.ts';
import { type Sandbox, sandboxIn } from '../../../sandboxes/index.ts';
import { ShimClient } from '../../../shim-client/index.ts';
import { PageError } from './page.ts';
import { fetchShimPage } from './shim-page.ts';

const isRoot = process.getuid?.() === 0;
const limits = { timeoutMs: 5000, maxBytes: 4096, signal: new AbortController().signal };

let folder: string;
let sandbox: Sandbox;
let shimClient: ShimClient;
let outside: FakeShim;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kas-'));
  sandbox = sandboxIn(join(folder, 'root'), 'one', 0);
  mkdirSync(sandbox.directory, { recursive: true });
  shimClient = new ShimClient();
  outside = await startFakeShim(join(folder, 'outside.sock'), answerWithLength('secret'));
});

afterEach(async () => {
  shimClient.close();
  await outside.close();
  rmSync(folder, { recursive: true });
});

/** Requests a page over an unsafe socket, and checks that no shim receives a request. */
async function refusalOf(path: '/agent-url' | '/debug/vars' | '/debug/pprof/heap'): Promise<PageError> {
  return fetchShimPage(sandbox, { path, ...limits }, { shimClient }).then(
    () => expect.fail('The shim was queried'),
    (error: unknown) => error as PageError,
  );
}

describe('fetchShimPage', () => {
  const paths = ['/agent-url', '/debug/vars', '/debug/pprof/heap'] as const;

  it.each(paths)('does not follow a link out of the root for %s', async (path) => {
    symlinkSync(outside.socketPath, sandbox.socketPath);
    const error = await refusalOf(path);
    expect(error).toBeInstanceOf(PageError);
    expect([error.status, error.message]).toEqual([
      502,
      'Cannot query the shim of sandbox "one": its socket is a symbolic link that leads out of the root',
    ]);
    expect(outside.connectionCount).toBe(0);
  });

  it.runIf(isRoot).each(paths)("does not connect to another user's socket for %s", async (path) => {
    const shim = await startFakeShim(sandbox.socketPath, answerWithLength('secret'));
    chownSync(sandbox.socketPath, 65_534, 65_534);
    const error = await refusalOf(path);
    expect([error.status, error.message]).toEqual([
      502,
      'Cannot query the shim of sandbox "one": its socket belongs to user 65534',
    ]);
    expect(shim.connectionCount).toBe(0);
    await shim.close();
  });

  it('reports that a plain file is not a socket', async () => {
    writeFileSync(sandbox.socketPath, 'no socket');
    expect(await refusalOf('/agent-url')).toMatchObject({
      status: 502,
      message: 'Cannot query the shim of sandbox "one": no process listens on the socket',
    });
  });

  it('follows a link within the root', async () => {
    const shim = await startFakeShim(join(sandbox.directory, 'real.sock'), answerWithLength('vsock://3:1024'));
    symlinkSync('real.sock', sandbox.socketPath);
    const { status, body } = await fetchShimPage(sandbox, { path: '/agent-url', ...limits }, { shimClient });
    expect([status, body.toString()]).toEqual([200, 'vsock://3:1024']);
    await shim.close();
  });
});
