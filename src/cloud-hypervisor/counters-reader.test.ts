import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { answerWithLength, type FakeAnswer, type FakeShim, startFakeShim } from '../../test/support/fake-shim.ts';
import type { Sandbox } from '../sandboxes/index.ts';
import { CountersReader, MAX_BODY_BYTES } from './counters-reader.ts';

const ID = 'a'.repeat(64);
/** As Cloud Hypervisor sends it: no reason in the status line, and the connection is kept where the client does not close. */
const HEAD =
  'HTTP/1.1 200 \r\nServer: Cloud Hypervisor API\r\nConnection: keep-alive\r\nContent-Type: application/json\r\n';
const send = (body: string): FakeAnswer => ({
  kind: 'bytes',
  bytes: `${HEAD}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
});
const NET = '{"_net2":{"rx_bytes":10,"rx_frames":1,"tx_bytes":20,"tx_frames":2}}';
const NOT_RUNNING = '["Error from API","The VM info is not available","VM is not running"]';

let folder: string;
let server: FakeShim | undefined;
let problems: string[];
let reader: CountersReader;
/** Of the reader; what responds may be late on a busy machine. */
const PATIENT_MS = 20_000;
const HASTY_MS = 300;
let options: { timeoutMs: number; onProblem: (id: string, message: string) => void };

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ch-'));
  problems = [];
  options = { timeoutMs: PATIENT_MS, onProblem: (id, message) => problems.push(`${id}: ${message}`) };
  reader = new CountersReader(options);
});
afterEach(async () => {
  await server?.close();
  server = undefined;
  rmSync(folder, { recursive: true, force: true });
});

function sandboxIn(rootName: string): Sandbox {
  const root = join(folder, rootName);
  const directory = join(root, ID);
  mkdirSync(directory, { recursive: true });
  return {
    id: ID,
    root,
    directory,
    socketPath: join(directory, 'shim-monitor.sock'),
    runtime: undefined,
    firstSeenMs: 0,
  };
}

async function startRust(response: FakeAnswer): Promise<Sandbox> {
  const sandbox = sandboxIn('kata');
  server = await startFakeShim(join(sandbox.directory, 'ch-api.sock'), response);
  return sandbox;
}

describe('CountersReader', () => {
  it.each([
    ['the Go runtime', 'vc/sbs', 'vc/vm', 'clh-api.sock'],
    ['runtime-rs', 'kata', 'kata', 'ch-api.sock'],
  ])('finds the API of %s, and closes the connection after each request', async (_, root, machines, socketName) => {
    const sandbox = sandboxIn(root);
    mkdirSync(join(folder, machines, ID), { recursive: true });
    server = await startFakeShim(join(folder, machines, ID, socketName), send(NET));
    const expected = [{ id: '_net2', rx_bytes: 10, rx_frames: 1, tx_bytes: 20, tx_frames: 2 }];
    expect(await reader.read(sandbox)).toEqual(expected);
    expect(await reader.read(sandbox)).toEqual(expected);
    expect(server.requestHeads).toHaveLength(2);
    expect(server.requestHeads[0]).toMatch(/^GET \/api\/v1\/vm\.counters HTTP\/1\.1\r\n.*Connection: close\r\n/s);
    expect(server.connectionCount).toBe(2);
    expect(problems).toEqual([]);
  });

  it('has nothing to do with a sandbox of another hypervisor, and stops looking after a while', async () => {
    const sandbox = sandboxIn('kata');
    for (let scrape = 0; scrape < 20; scrape++) {
      expect(reader.read(sandbox)).toBeUndefined();
    }
    server = await startFakeShim(join(sandbox.directory, 'ch-api.sock'), send(NET));
    expect(reader.read(sandbox)).toBeUndefined();
    reader.keepOnly(new Set());
    expect(await reader.read(sandbox)).toHaveLength(1);
  });

  it.each<[string, FakeAnswer, string]>([
    [
      'a machine that does not run',
      answerWithLength(NOT_RUNNING, { status: '500 ' }),
      'Cloud Hypervisor responded with status 500',
    ],
    ['text that is no JSON', send('oops'), 'response is not JSON: "oops"'],
    ['another shape', send('[]'), 'response must be an object of devices, got "[]"'],
    ['silence', { kind: 'silence' }, 'Cloud Hypervisor did not respond within 300 ms'],
    [
      'a response that is not HTTP',
      { kind: 'bytes', bytes: 'SSH-2.0\r\n\r\n', ending: 'close' },
      'Not an HTTP/1.1 status line',
    ],
    ['a large response', send(`{"x":"${'y'.repeat(MAX_BODY_BYTES)}"}`), `exceeds the limit of ${MAX_BODY_BYTES} bytes`],
    [
      'an endless response',
      { kind: 'endless', head: `${HEAD}\r\n{"`, piece: 'x'.repeat(4096) },
      `exceeds the limit of ${MAX_BODY_BYTES} bytes`,
    ],
    [
      'one byte after the other',
      { kind: 'drip', bytes: `${HEAD}Content-Length: 500\r\n\r\n`, everyMs: 50 },
      'did not respond within 300 ms',
    ],
    [
      'the end of the connection',
      { kind: 'bytes', bytes: `${HEAD}Content-Length: 500\r\n\r\n{`, ending: 'reset' },
      'closed the connection after',
    ],
  ])('has no counters, and says why once: %s', async (_, response, message) => {
    const timeoutMs = message.includes(`${HASTY_MS} ms`) ? HASTY_MS : PATIENT_MS;
    const sandbox = await startRust(response);
    options.timeoutMs = timeoutMs;
    expect(await reader.read(sandbox)).toEqual([]);
    expect(await reader.read(sandbox)).toEqual([]);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(message);
    // And again after it has worked.
    server!.setAnswer(send(NET));
    options.timeoutMs = PATIENT_MS;
    expect(await reader.read(sandbox)).toHaveLength(1);
    server!.setAnswer(response);
    options.timeoutMs = timeoutMs;
    await reader.read(sandbox);
    expect(problems).toHaveLength(2);
  });

  it('asks no second time while a request waits, as it does while a machine boots', async () => {
    const sandbox = await startRust({ kind: 'silence' });
    const waiting = reader.read(sandbox)!;
    expect(reader.read(sandbox)).toBeUndefined();
    await server!.nextRequest().catch(() => undefined);
    server!.respond(send(NET));
    expect(await waiting).toHaveLength(1);
  });

  it('follows counters that begin again, and devices that come and go', async () => {
    const sandbox = await startRust(send(NET));
    await reader.read(sandbox);
    server!.setAnswer(send('{"_disk3":{"read_ops":0},"_net2":{"rx_bytes":0}}'));
    expect(await reader.read(sandbox)).toEqual([
      { id: '_disk3', read_ops: 0 },
      { id: '_net2', rx_bytes: 0 },
    ]);
  });

  it('does not connect to a socket that another user could replace', async () => {
    const sandbox = await startRust(send(NET));
    chmodSync(sandbox.directory, 0o777);
    expect(await reader.read(sandbox)).toEqual([]);
    expect(problems[0]).toContain('the socket of its API is not safe');
    expect(server!.connectionCount).toBe(0);
  });
});
