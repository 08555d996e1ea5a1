/**
 * `kata-metrics page`, over a server that responds as the query API of Prometheus does: who may read it, what it sends to
 * Prometheus, and text of sandboxes.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Problem, SandboxDetail, Snapshot } from '../../src/api/index.ts';
import { findSchemaFaults } from '../support/api-schema.ts';
import { type ProgramEnd, type RunningProgram, runProgram } from '../support/run-program.ts';

const NOW = 1_800_000_000;
const hostile = '<b>"x"</b>\u202e\u001b[31m\n';

interface Sample {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [number, string];
}

const sample = (name: string, labels: Readonly<Record<string, string>>, value: string): Sample => ({
  metric: { __name__: name, job: 'kata', ...labels },
  value: [NOW, value],
});
const ofBox = { sandbox_id: 'box', instance: 'n:1', cri_namespace: 'shop', cri_name: hostile };
const gauges = [
  sample('kata_sandbox_up', ofBox, '1'),
  sample('kata_sandbox_guest_up', ofBox, '1'),
  sample('kata_sandbox_cpu_cores', ofBox, 'NaN'),
  // Of the same sandbox, from a second target, which comes later.
  sample('kata_sandbox_up', { ...ofBox, instance: 'n:2' }, '0'),
  sample('kata_sandbox_up', { sandbox_id: '../../x', instance: 'n:1' }, '1'),
  sample('kata_sandbox_up', { instance: 'n:1' }, '1'),
];

let server: Server;
let url: string;
let folder: string;
let queries: { readonly query: string; readonly authorization: string | undefined }[];
let respond: (query: string) => unknown;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'km-page-'));
  server = createServer((incoming, outgoing) => {
    const query = new URL(incoming.url ?? '', 'http://x').searchParams.get('query') ?? '';
    queries.push({ query, authorization: incoming.headers.authorization });
    const result = respond(query);
    outgoing.statusCode = result === undefined ? 404 : 200;
    outgoing.end(JSON.stringify(result ?? {}));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

beforeEach(() => {
  queries = [];
  respond = (query) => {
    const result = query.startsWith('{__name__') ? gauges : query.startsWith('{sandbox_id') ? gauges.slice(0, 3) : [];
    return { status: 'success', data: { resultType: 'vector', result } };
  };
});

afterAll(async () => {
  server.close();
  await rm(folder, { recursive: true });
});

const page = (...args: string[]): RunningProgram => runProgram('kata-metrics', ['page', ...args]);

async function withPage(args: readonly string[], use: (pageUrl: string) => Promise<void>): Promise<ProgramEnd> {
  const program = page(`--prometheus=${url}`, '--listen-address=127.0.0.1:0', ...args);
  const pageUrl = await new Promise<string>((resolve, reject) => {
    program.child.stdout?.once('data', (piece: string) => resolve(/http\S+/.exec(piece)?.[0] ?? piece));
    void program.ended.then(({ stderr }) => reject(new Error(stderr)));
  });
  try {
    await use(pageUrl);
  } finally {
    await program.stop();
  }
  return program.ended;
}

async function get(pageUrl: string, path: string, host?: string): Promise<{ status: number; body: string }> {
  const response = await new Promise<import('node:http').IncomingMessage>((resolve, reject) => {
    const headers = host === undefined ? {} : { host };
    request(new URL(path, pageUrl), { headers, agent: false }, resolve).once('error', reject).end();
  });
  return { status: response.statusCode ?? 0, body: await text(response) };
}

describe('kata-metrics page', () => {
  it('reads from Prometheus only for requests, with the password', async () => {
    await writeFile(join(folder, 'password'), 'secret\n');
    const args = ['--username=me', `--password-file=${join(folder, 'password')}`];
    const end = await withPage(args, async (pageUrl) => {
      expect(await get(pageUrl, '/healthz')).toEqual({ status: 200, body: 'ok\n' });
      expect(queries).toEqual([]);
      expect((await get(pageUrl, '/api/v1/node')).status).toBe(200);
      const authorization = `Basic ${Buffer.from('me:secret').toString('base64')}`;
      expect(new Set(queries.map((each) => each.authorization))).toEqual(new Set([authorization]));
    });
    expect([end.code, end.stderr]).toEqual([0, '']);
  });

  it('rejects other sites, and has no page of a sandbox', async () => {
    await withPage([], async (pageUrl) => {
      expect((await get(pageUrl, '/api/v1/sandboxes', 'rebound.example.org')).status).toBe(403);
      expect((await get(pageUrl, '/agent-url?sandbox=box')).status).toBe(404);
      expect(queries).toEqual([]);
    });
  });

  it('ignores what is no sandbox, and passes on text as it is', async () => {
    await withPage([], async (pageUrl) => {
      const snapshot = JSON.parse((await get(pageUrl, '/api/v1/sandboxes')).body) as Snapshot;
      expect(findSchemaFaults('Snapshot', snapshot)).toEqual([]);
      const [box, ...more] = snapshot.sandboxes;
      expect(more).toEqual([]);
      expect(box).toMatchObject({ id: 'box', node: 'n:1', pod: hostile, state: 'running', cpu: { cores: null } });
      const byId = await get(pageUrl, '/api/v1/sandboxes/box');
      const detail = JSON.parse(byId.body) as SandboxDetail;
      expect(findSchemaFaults('SandboxDetail', detail)).toEqual([]);
      expect(queries.at(-1)!.query).toBe('{sandbox_id="box",instance="n:1"}');
      const odd = await get(pageUrl, `/api/v1/sandboxes/${encodeURIComponent('x"} or {a="')}`);
      expect(odd.status).toBe(400);
    });
  });

  it('reports a server that is no Prometheus, once in the log', async () => {
    respond = () => undefined;
    const end = await withPage([], async (pageUrl) => {
      const { status, body } = await get(pageUrl, '/api/v1/sandboxes');
      expect([status, (JSON.parse(body) as Problem).detail]).toEqual([
        502,
        `Cannot read the sandboxes from "${url}": this is not the address of a Prometheus: its query API is missing`,
      ]);
      respond = () => ({ status: 'success', data: { result: [null] } });
      expect((await get(pageUrl, '/api/v1/sandboxes')).body).toContain('it is not the query API of Prometheus');
    });
    expect(end.stderr.match(/level=/g)).toHaveLength(1);
  });

  it.each([
    [[], 2, 'Option "--prometheus" is required'],
    [['--prometheus=ftp://x'], 2, 'Option "--prometheus" must be http://host:port or https://host:port'],
    [['--prometheus=http://x', '--listen-address=0.0.0.0:0'], 1, 'Other machines can reach'],
    [['--prometheus=http://x', '--username=a'], 2, 'require each other'],
    [['--prometheus=http://x', 'word'], 2, 'word'],
  ])('rejects %j', async (args, code, message) => {
    const end = await page(...args).ended;
    expect(end.stderr).toContain(message);
    expect(end.code).toBe(code);
  });
});
