/**
 * Each row of the tables in docs/from-the-go-monitor.md, by its id: the tests are made from the document, so that a row
 * without a test fails. A row may name cases of other files in addition, `file`: "title", "title": these must exist.
 */
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { answerWithLength, type FakeAnswer, type FakeShim, startFakeShim } from '../support/fake-shim.ts';
import { type ProgramEnd, pickUrl, type RunningProgram, runProgram } from '../support/run-program.ts';

const rootPath = join(import.meta.dirname, '../..');
const text = readFileSync(join(rootPath, 'docs/from-the-go-monitor.md'), 'utf8');
/** Rows of tables begin with an id such as `flag-listen`. */
const documented = [...text.matchAll(/^\| ((?:flag|page|diff|own|log)-[a-z0-9-]+) \| (.*) \|$/gm)].map(
  ([, id, cells]) => ({
    id: id!,
    elsewhere: [...cells!.matchAll(/`((?:test|src)\/[^`]+)`((?:[:,] "[^"]+")*)/g)].map(([, file, titles]) => ({
      file: file!,
      titles: [...titles!.matchAll(/"([^"]+)"/g)].map(([, title]) => title!),
    })),
  }),
);

const body = '# HELP kata_guest_load Of the shim.\n# TYPE kata_guest_load gauge\nkata_guest_load{item="load1"} 0.50\n';
const ofShim =
  '# TYPE go_threads gauge\ngo_threads 7\n# TYPE process_start_time_seconds gauge\nprocess_start_time_seconds 1.7e+09\n';
const pages: Readonly<Record<string, FakeAnswer>> = {
  '/metrics': answerWithLength(body),
  '/agent-url': { kind: 'bytes', bytes: 'HTTP/1.1 200 OK\r\nContent-Length: 14\r\n\r\nvsock://3:1024' },
  '/debug/pprof/heap': {
    kind: 'bytes',
    bytes: 'HTTP/1.1 200 OK\r\nContent-Disposition: attachment; filename="heap"\r\nContent-Length: 1\r\n\r\nx',
  },
};

let folder: string;
let shims: FakeShim[];
let monitor: RunningProgram;
let url: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kg-'));
  const start = async (id: string, response: Parameters<typeof startFakeShim>[1]): Promise<FakeShim> => {
    await mkdir(join(folder, id));
    return startFakeShim(join(folder, id, 'shim-monitor.sock'), response);
  };
  shims = await Promise.all([
    start('a', (line) => pages[line.split(' ')[1]!] ?? answerWithLength('no', { status: '404 Not Found' })),
    start('b', answerWithLength(`${body}${ofShim}`)),
    start('gone', { kind: 'bytes', bytes: '', ending: 'close' }),
  ]);
  monitor = runProgram('kata-monitor', ['-listen-address', '127.0.0.1:0', `-sandboxes-root=${folder}`]);
  url = await monitor.waitForLine(pickUrl);
});

afterAll(async () => {
  await monitor?.stop();
  await Promise.all(shims.map((shim) => shim.close()));
  await rm(folder, { recursive: true });
});

interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: Buffer;
}

/** Not by fetch, which cleans paths and requests compression. */
function get(path: string, headers: Record<string, string> = {}, method = 'GET', base = url): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(base);
    const sent = request({ host: hostname, port, path, headers, method, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) });
      });
    });
    sent.on('error', reject).end();
  });
}

const read = async (path: string, headers?: Record<string, string>): Promise<string> =>
  String((await get(path, headers)).body);
const statusOf = async (...args: Parameters<typeof get>): Promise<number> => (await get(...args)).status;
const typeOf = async (headers: Record<string, string>): Promise<unknown> =>
  (await get('/metrics', headers)).headers['content-type'];

/** Its own monitor, for what it logs and how it ends; it is ended as soon as it listens. */
async function runOnce(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<ProgramEnd> {
  const program = runProgram('kata-monitor', [`--sandboxes-root=${folder}`, ...args], env);
  await Promise.race([
    program.ended,
    program.waitForLine((line) => /Listening/.exec(line)?.[0]).catch(() => undefined),
  ]);
  return program.stop();
}

/** What /metrics of a separate monitor has. */
async function runOnceAndRead(args: readonly string[]): Promise<string> {
  const program = runProgram('kata-monitor', [local, `--sandboxes-root=${folder}`, ...args]);
  const base = await program.waitForLine(pickUrl);
  const { body: metrics } = await get('/metrics', {}, 'GET', base);
  await program.stop();
  return String(metrics);
}

const local = '--listen-address=127.0.0.1:0';
const asText = { KATA_MONITOR_LOG_FORMAT: 'text' };

/** What holds each row. */
const rows: Readonly<Record<string, () => Promise<void>>> = {
  'flag-dashes': async () => expect(await read('/sandboxes')).toBe('a\nb\ngone\n'),
  'flag-listen': async () => {
    const program = runProgram('kata-monitor', ['--listen-address=:0', `--sandboxes-root=${folder}`]);
    const base = `http://127.0.0.1:${new URL(await program.waitForLine(pickUrl)).port}`;
    const open = ['/', '/metrics', '/sandboxes', '/healthz', '/readyz'];
    expect(await Promise.all(open.map((path) => statusOf(path, {}, 'GET', base)))).toEqual(open.map(() => 200));
    expect(await statusOf('/agent-url?sandbox=a', {}, 'GET', base)).toBe(404);
    expect(await statusOf('/debug/vars?sandbox=a', {}, 'GET', base)).toBe(404);
    expect((await program.stop()).stderr.match(/Other machines can reach/g)).toHaveLength(1);
  },
  'flag-endpoint': async () => {
    for (const endpoint of ['/nowhere.sock', 'unix:///nowhere.sock', 'unix:/nowhere.sock']) {
      expect((await runOnce([local, `-runtime-endpoint=${endpoint}`])).code).toBe(0);
    }
    expect((await runOnce([local, '--runtime-endpoint=nowhere.sock'])).code).toBe(2);
  },
  'flag-endpoint-tcp': async () => {
    const { code, stderr } = await runOnce([local, '--runtime-endpoint=tcp://127.0.0.1:1']);
    expect(code).toBe(0);
    expect(stderr).toContain('must be a unix socket, got \\"tcp://127.0.0.1:1\\": sandboxes have no pod names');
  },
  'flag-level': async () => {
    expect((await runOnce([local, '--log-level=DEBUG'])).stderr).toContain('"level":"debug"');
    const loud = runProgram('kata-monitor', [local, '--log-level=loud', `--sandboxes-root=${folder}`]);
    await loud.waitForLine((line) => (line.includes('got \\"loud\\": using \\"warn\\"') ? line : undefined));
    await loud.stop();
  },
  'flag-tls': async () => {
    expect((await runOnce([local, '--tls-cert-file=/a'])).stderr).toContain(
      '"--tls-cert-file" requires "--tls-key-file"',
    );
    const { code, stderr } = await runOnce([local, '--tls-cert-file=/nope/a', '--tls-key-file=/nope/b']);
    expect(code).toBe(2);
    expect(stderr).toContain('File \\"/nope/a\\" of key \\"tls_server_config.cert_file\\" does not exist');
  },
  'flag-stray': async () => {
    const { code, stderr } = await runOnce(['stray', local, '--log-level=debug']);
    expect(code).toBe(0);
    expect(stderr).toContain('Argument \\"stray\\" is ignored');
    expect(stderr).toContain('"level":"debug"');
  },
  'flag-unknown': async () => {
    const { code, stderr } = await runOnce(['--listen-adress=:1']);
    expect([code, stderr]).toEqual([
      2,
      'kata-monitor: Unknown option "--listen-adress"; did you mean "--listen-address"?\nTry "kata-monitor --help"\n',
    ]);
  },
  'flag-version': async () => {
    for (const word of ['version', '--version', '-version']) {
      const { stdout } = await runProgram('kata-monitor', [word]).ended;
      expect(stdout).toMatch(/^kata-monitor \d+\.\d+\.\d+\n$/);
    }
  },
  'flag-environment': async () => {
    const env = {
      KATA_MONITOR_LISTEN_ADDRESS: '127.0.0.1:0',
      KATA_MONITOR_PORT: 'tcp://10.0.0.1:8090',
      KATA_MONITOR_LOG_LEVL: 'x',
    };
    const { code, stderr } = await runOnce([], env);
    expect(code).toBe(0);
    expect(stderr).toContain('"url":"http://127.0.0.1:');
    expect(stderr.match(/is ignored/g)).toHaveLength(1);
    expect(stderr).toContain('KATA_MONITOR_LOG_LEVL is ignored: no such option; did you mean KATA_MONITOR_LOG_LEVEL?');
  },
  'page-metrics': async () => {
    expect(await typeOf({})).toMatch(/^text\/plain; version=0\.0\.4; charset=utf-8/);
    const protobuf = 'application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited';
    expect(await typeOf({ accept: protobuf })).toMatch(/^application\/vnd\.google\.protobuf;.*; escaping=underscores$/);
    expect(await typeOf({ accept: 'text/plain;version=0.0.4;escaping=allow-utf-8' })).toMatch(
      /; escaping=allow-utf-8$/,
    );
    expect(await typeOf({ accept: 'application/openmetrics-text;version=1.0.0,text/plain;q=0.5' })).toMatch(
      /^text\/plain/,
    );
    const zipped = await get('/metrics', { 'accept-encoding': 'gzip' });
    expect(zipped.headers['content-encoding']).toBe('gzip');
    expect(String(gunzipSync(zipped.body))).toContain('kata_guest_load{item="load1",sandbox_id="a"');
  },
  'page-series': async () => {
    const pod = 'cri_uid="",cri_name="",cri_namespace=""';
    const lines = (await read('/metrics')).split('\n');
    for (const id of ['a', 'b']) {
      expect(lines).toContain(`kata_guest_load{item="load1",sandbox_id="${id}",${pod}} 0.50`);
    }
    expect(lines).toContain(`kata_shim_go_threads{sandbox_id="b",${pod}} 7`);
    expect(lines).toContain(`kata_shim_process_start_time_seconds{sandbox_id="b",${pod}} 1.7e+09`);
    const derived = lines.filter((line) => /^kata_sandbox_load1\{/.test(line));
    expect(derived).toHaveLength(2);
    expect((await runOnceAndRead(['--no-derived'])).includes('kata_sandbox_load1')).toBe(false);
  },
  'page-help': async () => expect(await read('/metrics')).toContain('# HELP kata_guest_load Of the shim.\n'),
  'page-sandbox': async () => {
    expect(await read('/metrics?sandbox=a')).toBe(body);
    expect(await read('/metrics?sandbox=a&filter_family=kata_shim_')).toBe('');
  },
  'page-filter': async () => {
    const some = await read('/metrics?filter_family=kata_guest_');
    expect([some.includes('kata_guest_load{'), some.includes('kata_monitor_')]).toEqual([true, false]);
    const all = await read('/metrics?filter_family=nothing,');
    expect([all.includes('kata_guest_load{'), all.includes('kata_monitor_')]).toEqual([true, false]);
  },
  'page-sandboxes': async () => {
    expect(await read('/sandboxes')).toBe('a\nb\ngone\n');
    expect(await read('/sandboxes', { accept: 'text/html' })).toContain('<a href="/metrics?sandbox=a">');
  },
  'page-agent-url': async () => {
    const { body: address, headers } = await get('/agent-url?sandbox=a');
    expect([String(address), headers['content-type']]).toEqual(['vsock://3:1024\n', 'text/plain; charset=utf-8']);
  },
  'page-pprof': async () => {
    expect((await get('/debug/pprof/heap?sandbox=a')).headers['content-disposition']).toBe(
      'attachment; filename="heap"',
    );
    expect(await statusOf('/debug/pprof/profile?sandbox=a&seconds=301')).toBe(400);
  },
  'page-redirect': async () => {
    const { status, headers } = await get('//metrics?sandbox=a');
    expect([status, headers['location']]).toEqual([307, '/metrics?sandbox=a']);
    expect((await get('/debug/pprof?sandbox=a')).headers['location']).toBe('/debug/pprof/?sandbox=a');
  },
  'diff-no-sandbox': async () => expect(await statusOf('/metrics?sandbox=none')).toBe(404),
  'diff-no-id': async () => expect(await statusOf('/agent-url')).toBe(400),
  'diff-agent-unknown': async () => expect(await statusOf('/agent-url?sandbox=none')).toBe(404),
  'diff-shim-gone': async () => {
    expect(await statusOf('/metrics?sandbox=gone')).toBe(502);
    expect(await statusOf('/agent-url?sandbox=gone')).toBe(502);
  },
  'diff-status': async () => expect(await statusOf('/debug/vars?sandbox=a')).toBe(404),
  'diff-unknown-path': async () => {
    expect([await statusOf('/nothing'), await statusOf('/metrics/')]).toEqual([404, 404]);
  },
  'diff-post': async () => expect(await statusOf('/metrics', {}, 'POST')).toBe(405),
  'diff-gzip-q0': async () => {
    expect((await get('/metrics', { 'accept-encoding': 'gzip;q=0' })).headers['content-encoding']).toBeUndefined();
  },
  'diff-host': async () => {
    expect(await statusOf('/metrics', { host: 'evil.example' })).toBe(403);
    expect(await statusOf('/metrics', { host: 'localhost' })).toBe(200);
  },
  'diff-broken': async () => {
    const metrics = await read('/metrics');
    expect(metrics).toContain('kata_guest_load{item="load1",sandbox_id="a"');
    expect(metrics).toMatch(/^kata_sandbox_up\{sandbox_id="a",.*\} 1$/m);
    expect(metrics).toMatch(/^kata_sandbox_up\{sandbox_id="gone",.*\} 0$/m);
    const errors = metrics.split('\n').filter((line) => line.startsWith('kata_sandbox_scrape_error{'));
    expect(errors).toEqual([expect.stringMatching(/sandbox_id="gone",.*,reason="reset"\} 1$/)]);
  },
  'diff-bad-id': async () => expect(await statusOf('/metrics?sandbox=../x')).toBe(400),
  'own-count': async () => {
    const count = async (): Promise<number> =>
      Number(/^kata_monitor_scrape_count (\d+)$/m.exec(await read('/metrics'))?.[1]);
    const before = await count();
    expect((await count()) - before).toBe(1);
  },
  'own-failed': async () => {
    await statusOf('/metrics?sandbox=gone');
    await statusOf('/metrics?sandbox=none');
    expect(await read('/metrics')).toMatch(/^kata_monitor_scrape_failed_count 0$/m);
  },
  'own-durations': async () => {
    const bounds = (await read('/metrics')).matchAll(/^kata_monitor_scrape_durations_\w+_bucket\{le="([^"]+)"\}/gm);
    expect([...bounds].map(([, bound]) => bound).join()).toBe('1,2,4,8,16,32,64,128,256,512,+Inf');
  },
  'own-shims': async () => expect(await read('/metrics')).toMatch(/^kata_monitor_running_shim_count 3$/m),
  'own-go': async () => {
    const metrics = await read('/metrics');
    for (const name of ['goroutines', 'gc_gogc_percent', 'gc_gomemlimit_bytes', 'sched_gomaxprocs_threads']) {
      expect(metrics).toMatch(new RegExp(`^# HELP kata_monitor_go_${name} .*Here: `, 'm'));
    }
  },
  'own-process': async () => {
    const metrics = await read('/metrics');
    for (const name of ['open_fds', 'network_receive_bytes_total', 'network_transmit_bytes_total']) {
      expect(metrics).toMatch(new RegExp(`^kata_monitor_process_${name} \\d`, 'm'));
    }
  },
  'log-form': async () => {
    const { stderr } = await runOnce([local], asText);
    expect(stderr).toMatch(/^time="[^"]+Z" level=info msg=Listening name=kata-monitor pid=\d+ url="http:.*" version=/m);
    const json = (await runOnce([local, '--log-format=json'])).stderr.trim().split('\n');
    expect(json.map((line) => JSON.parse(line).name)).toContain('kata-monitor');
  },
  'log-fields': async () => {
    for (const line of (await runOnce([local], asText)).stderr.trim().split('\n')) {
      expect(line).toMatch(/ name=kata-monitor pid=\d+/);
    }
  },
  'log-level': async () =>
    expect((await runOnce(['x', local], asText)).stderr).toContain(' level=warning msg="Argument '),
  'log-messages': async () => expect((await runOnce([local], asText)).stderr).toContain(' msg=Listening '),
};

/** First arguments of `it`, `it.each(...)` and the like, as they are written. */
function readTitles(source: string): string[] {
  return [...source.matchAll(/^ *it(?:\.\w+\(.*\))?\((['"`])(.+?)\1,/gm)].map(([, , title]) => title!);
}

describe('docs/from-the-go-monitor.md', () => {
  it('has rows, and a test for each of them and for nothing else', () => {
    expect(documented.length).toBeGreaterThan(35);
    expect(documented.map(({ id }) => id).sort()).toEqual(Object.keys(rows).sort());
  });

  it.each(documented)('$id', async ({ id, elsewhere }) => {
    for (const { file, titles } of elsewhere) {
      // A file alone says nothing about what it tests.
      expect(titles, `no titles of tests after ${file}`).not.toEqual([]);
      const written = readTitles(readFileSync(join(rootPath, file), 'utf8'));
      expect(written).toEqual(expect.arrayContaining(titles));
    }
    await rows[id]!();
  });
});
