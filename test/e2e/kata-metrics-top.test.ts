/**
 * `kata-metrics top` and `get --watch` without a terminal: of this node, and of a monitor over TLS with a password and a
 * client certificate; and what `top` reports when it cannot read the sandboxes.
 */
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hashSync } from 'bcryptjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Snapshot } from '../../src/api/index.ts';
import { findSchemaFaults } from '../support/api-schema.ts';
import { type Certificate, makeAuthority, makeCertificate } from '../support/certificates.ts';
import { answerWithLength, type FakeShim, startFakeShim } from '../support/fake-shim.ts';
import { waitUntil } from '../support/processes.ts';
import { missingPackages } from '../support/requirements.ts';
import {
  type ProgramEnd,
  pickUrl,
  programCommand,
  type RunningProgram,
  runCommand,
  runProgram,
} from '../support/run-program.ts';

const body = await readFile(join(import.meta.dirname, '../fixtures/bodies/kata-shim.metrics.txt'));

let folder: string;
let root: string;
let shims: FakeShim[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'km-top-'));
  root = join(folder, 'sbs');
  shims = await Promise.all(
    ['one', 'two'].map(async (id) => {
      await mkdir(join(root, id), { recursive: true });
      const response = id === 'one' ? answerWithLength(body) : answerWithLength('no', { status: '500 No' });
      return startFakeShim(join(root, id, 'shim-monitor.sock'), response);
    }),
  );
});

afterAll(async () => {
  await Promise.all(shims.map((shim) => shim.close()));
  await rm(folder, { recursive: true });
});

const top = (...args: string[]): Promise<ProgramEnd> => runProgram('kata-metrics', ['top', ...args]).ended;

describe('kata-metrics top of this node', () => {
  it('prints a table once, the unhealthy ones first', async () => {
    const { stdout, stderr, code } = await top(`--sandboxes-root=${root}`);
    expect([stderr, code]).toEqual(['', 0]);
    const [header, first, second] = stdout.split('\n');
    expect(header).toMatch(/^POD +STATE▼ +SINCE +AGE +CPU +MEMORY +HOST MEM/);
    expect(first).toMatch(/^two +broken \(http_status\) /);
    expect(second).toMatch(/^one +running .* 0\.00 \/ \d+ /);
  });

  it('prints JSON that matches the schema of the API', async () => {
    const { stdout } = await top(`--sandboxes-root=${root}`, '-o', 'json', '--unhealthy');
    const snapshot = JSON.parse(stdout) as Snapshot;
    expect(findSchemaFaults('Snapshot', snapshot)).toEqual([]);
    expect(snapshot.sandboxes.map(({ id }) => id)).toEqual(['two']);
  });

  it('prints CSV, sorted and filtered', async () => {
    const { stdout } = await top(`--sandboxes-root=${root}`, '-o', 'csv', '--filter=running');
    expect(stdout.split('\n').slice(1)).toEqual([expect.stringMatching(/^,,one,,\/.*,running,,/), '']);
  });

  it.each([
    [['--ca-file=x'], 'Option "--ca-file" requires "--url" or "--prometheus"'],
    [['--prometheus=http://x', '--url=http://x'], 'Options "--url" and "--prometheus" are mutually exclusive'],
    [['--sort=nothing'], 'Option "--sort"'],
    [['one'], 'one'],
  ])('rejects %j', async (args, message) => {
    const { code, stderr } = await top(...args);
    expect(stderr).toContain(message);
    expect(code).toBe(2);
  });

  it('reports a directory that does not exist', async () => {
    const { code, stderr } = await top(`--sandboxes-root=${folder}/none`);
    expect([code, stderr]).toEqual([
      1,
      `kata-metrics: Cannot read the sandboxes in "${folder}/none": it does not exist\n`,
    ]);
  });
});

describe('kata-metrics get --watch', () => {
  it('prints the metrics again and again, until it is interrupted', async () => {
    const args = ['get', 'one', '--watch', '--interval=500ms', '--family=kata_guest_load', `--sandboxes-root=${root}`];
    const program = runProgram('kata-metrics', args);
    let stdout = '';
    program.child.stdout!.on('data', (piece: string) => {
      stdout += piece;
    });
    await waitUntil(() => (stdout.match(/^# HELP kata_guest_load /gm) ?? []).length >= 2);
    expect((await program.stop()).code).toBe(0);
  });

  it('ends when the reader of its output is gone', async () => {
    const program = runProgram('kata-metrics', [
      'get',
      'one',
      '--watch',
      '--interval=500ms',
      `--sandboxes-root=${root}`,
    ]);
    program.child.stdout!.once('data', () => program.child.stdout!.destroy());
    expect(await program.ended).toMatchObject({ code: 0, stderr: '' });
  });

  it('ends and reports that a disk is full', async () => {
    const command = [...programCommand('kata-metrics'), 'get', 'one', '--watch', `--sandboxes-root=${root}`] as const;
    const end = await runCommand(['sh', '-c', 'exec "$@" >/dev/full', 'sh', ...command]).ended;
    expect(end).toMatchObject({ code: 1, stderr: expect.stringContaining('Cannot write the output: ENOSPC') });
  });
});

describe.skipIf(missingPackages(['openssl']).length > 0)('kata-metrics top of a monitor', () => {
  let monitor: RunningProgram;
  let url: string;
  let authority: Certificate;
  let client: Certificate;

  beforeAll(async () => {
    authority = await makeAuthority(folder, 'authority');
    const server = await makeCertificate(folder, 'server', { authority, alternativeNames: ['IP:127.0.0.1'] });
    client = await makeCertificate(folder, 'client', { authority, alternativeNames: ['DNS:top.example'] });
    const tls = [
      `cert_file: ${server.certPath}`,
      `key_file: ${server.keyPath}`,
      `client_ca_file: ${authority.certPath}`,
    ];
    const yaml = [
      `tls_server_config: { ${[...tls, 'client_auth_type: RequireAndVerifyClientCert'].join(', ')} }`,
      `basic_auth_users: { alice: "${hashSync('wonderland', 4)}" }`,
    ];
    await writeFile(join(folder, 'web.yml'), `${yaml.join('\n')}\n`);
    await writeFile(join(folder, 'password'), 'wonderland\n');
    await writeFile(join(folder, 'wrong'), 'guess\n');
    monitor = runProgram('kata-monitor', [
      '--listen-address=127.0.0.1:0',
      `--sandboxes-root=${root}`,
      `--web.config.file=${folder}/web.yml`,
    ]);
    url = await monitor.waitForLine(pickUrl);
  });

  afterAll(() => monitor.stop());

  const withCertificate = (): string[] => [
    `--url=${url}`,
    `--ca-file=${authority.certPath}`,
    `--cert-file=${client.certPath}`,
    `--key-file=${client.keyPath}`,
  ];
  const withPassword = (file: string): string[] => ['--username=alice', `--password-file=${join(folder, file)}`];

  it('reads over TLS with a client certificate and a password', async () => {
    const { stdout, stderr } = await top(...withCertificate(), ...withPassword('password'), '-o', 'csv');
    expect(stderr).toBe('');
    expect(stdout.split('\n').map((line) => line.split(',')[2])).toEqual(['id', 'two', 'one', undefined]);
  });

  it('reports why it may not', async () => {
    const reports = await Promise.all([
      top(...withCertificate()),
      top(...withCertificate(), ...withPassword('wrong')),
      top(`--url=${url}`, ...withPassword('password')),
      top(`--url=${url}`, `--ca-file=${authority.certPath}`),
    ]);
    expect(reports.map(({ code }) => code)).toEqual([1, 1, 1, 1]);
    const [none, wrong, unknownCa, noCertificate] = reports.map(({ stderr }) => stderr);
    expect(none).toContain('requires a password: use --username and --password-file');
    expect(wrong).toContain('requires a password: use --username and --password-file');
    expect(unknownCa).toMatch(/Cannot read the sandboxes from "https:.*certificate/);
    expect(noCertificate).toContain(`kata-metrics: Cannot read the sandboxes from "${url}": `);
  });

  it('reports what is no monitor, or one without its API', async () => {
    const plain = runProgram('kata-monitor', [
      '--listen-address=127.0.0.1:0',
      `--sandboxes-root=${root}`,
      '--web.page=off',
    ]);
    const other = createServer((_request, response) => response.end('{}')).listen(0, '127.0.0.1');
    const plainUrl = await plain.waitForLine(pickUrl);
    const otherUrl = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
    const reports = await Promise.all([top(`--url=${plainUrl}`), top(`--url=${otherUrl}/`), top('--url=unix:///none')]);
    other.close();
    await plain.stop();
    expect(reports.map(({ stderr }) => stderr)).toEqual([
      `kata-metrics: Cannot read the sandboxes from "${plainUrl}": the monitor does not serve its API on this address (--web.page)\n`,
      `kata-metrics: Cannot read the sandboxes from "${otherUrl}/": it is not the API of a monitor: "node" must be object, got nothing\n`,
      'kata-metrics: Cannot read the sandboxes from "unix:///none": connect ENOENT /none\n',
    ]);
  });

  it.each([
    [['events'], '{"events":[null],"lastEventId":""}', '"events[0]" must be object, got null'],
    [['events', '-o', 'cloudevents'], '[{}]', '"specversion" must be string, got nothing'],
    [['events', '--follow'], 'data: {"id":5}\n\n', '"id" must be string, got 5'],
    [['events', '--follow'], 'data: {\n\n', 'in JSON at position'],
    [['events', '--follow'], `${'data: x\n'.repeat(600_000)}\n`, 'a message exceeds the limit'],
  ])('reports that a response is not of a monitor: %j', async (args, response, message) => {
    const other = createServer((_request, reply) => reply.end(response)).listen(0, '127.0.0.1');
    await once(other, 'listening');
    const program = runProgram('kata-metrics', [
      ...args,
      `--url=http://127.0.0.1:${(other.address() as AddressInfo).port}`,
    ]);
    await program.waitForLine((line) => (line.includes(message) ? line : undefined));
    // A stream that breaks is continued, and has to be ended.
    const { code, stderr } = message.includes('exceeds') ? await program.stop() : await program.ended;
    other.close();
    expect(code).toBe(message.includes('exceeds') ? 0 : 1);
    expect(stderr).not.toContain('internal error');
  });
});
