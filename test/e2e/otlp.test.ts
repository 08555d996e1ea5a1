/**
 * `kata-monitor --otlp.endpoint`: what arrives at an OTLP endpoint, also from a hostile sandbox; an endpoint that is down, or
 * rejects one sandbox; and the variables of OpenTelemetry.
 */
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { makeAuthority, makeCertificate } from '../support/certificates.ts';
import { answerWithLength, type FakeShim, startFakeShim } from '../support/fake-shim.ts';
import { findFreePort } from '../support/free-port.ts';
import { type OtlpResource, type OtlpServer, startOtlpServer } from '../support/otlp-server.ts';
import { waitUntil } from '../support/processes.ts';
import { pickUrl, type RunningProgram, runProgram } from '../support/run-program.ts';

const body = await readFile(join(import.meta.dirname, '../fixtures/bodies/kata-shim.metrics.txt'));
const hostileValue = '"}\\n{\u202e\u0000<b>\ud800';
const hostile = `# TYPE kata_guest_odd gauge
kata_guest_odd{a="${'x'.repeat(900)}",__proto__="p",k8s="${JSON.stringify(hostileValue).slice(1, -1).replaceAll('\\u', 'u')}"} 1
kata_guest_odd{a="nan"} NaN
# TYPE kata_guest_odd_histogram histogram
kata_guest_odd_histogram_bucket{le="1"} 5
kata_guest_odd_histogram_bucket{le="+Inf"} 2
# TYPE kata_guest_load gauge
kata_guest_load{item="load1"} 7
`;

let root: string;
let shims: FakeShim[];
let monitor: RunningProgram;
let server: OtlpServer | undefined;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'km-otlp-'));
  shims = await Promise.all(
    Object.entries({ one: body, two: body, hostile: Buffer.from(hostile) }).map(async ([id, response]) => {
      await mkdir(join(root, id));
      return startFakeShim(join(root, id, 'shim-monitor.sock'), answerWithLength(response));
    }),
  );
});

afterAll(async () => {
  await Promise.all(shims.map((shim) => shim.close()));
  await rm(root, { recursive: true });
});

afterEach(async () => {
  await monitor.stop();
  await server?.close();
  server = undefined;
});

function start(args: readonly string[], env: Readonly<Record<string, string>> = {}): void {
  monitor = runProgram('kata-monitor', [`--sandboxes-root=${root}`, '--listen-address=127.0.0.1:0', ...args], env);
}

const idsOf = (resources: readonly OtlpResource[]): string[] =>
  resources.flatMap(({ attributes }) => attributes['kata.sandbox.id'] ?? []).sort();

const ownMetrics = async (): Promise<string> => {
  const response = await fetch(`${await monitor.waitForLine(pickUrl)}/metrics?collect[]=kata_monitor_otlp`);
  return response.text();
};

/** A monitor reports an endpoint after three failures, which take seconds, and several monitors are started. */
const TIMEOUT_MS = 90_000;

describe('kata-monitor --otlp.endpoint', { timeout: TIMEOUT_MS }, () => {
  it('pushes what /metrics has, as the schema says', async () => {
    server = await startOtlpServer();
    start([`--otlp.endpoint=${server.url}`, '--otlp.protocol=http/json', '--otlp.headers=x-scope-orgid=a%2Cb']);
    await waitUntil(() => server!.requests.length > 0);
    const { url, headers, resources, faults } = server.requests[0]!;
    expect([url, faults]).toEqual(['/v1/metrics', []]);
    expect(headers).toMatchObject({ 'content-type': 'application/json', 'x-scope-orgid': 'a,b' });
    expect(idsOf(resources)).toEqual(['hostile', 'one', 'two']);
    const one = resources.find(({ attributes }) => attributes['kata.sandbox.id'] === 'one')!;
    expect(one.attributes).toMatchObject({ 'service.name': 'kata-sandbox', 'service.instance.id': 'one' });
    const cpu = one.metrics.find(({ name }) => name === 'k8s.pod.cpu.time')!;
    expect([cpu.unit, cpu.sum?.isMonotonic, cpu.sum?.dataPoints.length]).toEqual(['s', true, 1]);
    const [point] = cpu.sum!.dataPoints;
    const response = await fetch(`${await monitor.waitForLine(pickUrl)}/metrics`);
    const expected = /^kata_sandbox_cpu_usage_seconds_total\{[^}]*sandbox_id="one"[^}]*\} (\S+)$/m.exec(
      await response.text(),
    );
    expect(point!.asDouble).toBe(Number(expected![1]));
    expect(Number(point!.startTimeUnixNano)).toBeGreaterThan(0);
    expect(Number(point!.startTimeUnixNano)).toBeLessThan(Number(point!.timeUnixNano));
    const node = resources.find(({ attributes }) => attributes['service.name'] === 'kata-monitor')!;
    const durations = node.metrics.find(({ name }) => name === 'kata.monitor.scrape_durations_histogram')!;
    const [histogram] = durations.histogram!.dataPoints;
    expect([durations.unit, histogram!.bucketCounts!.length]).toEqual(['ms', 11]);
    const odd = resources.find(({ attributes }) => attributes['kata.sandbox.id'] === 'hostile')!;
    expect(odd.metrics.find(({ name }) => name === 'kata.guest.load')!.gauge!.dataPoints[0]!.asDouble).toBe(7);
    expect(odd.metrics.map(({ name }) => name)).not.toContain('kata.guest.odd_histogram');
    await waitUntil(async () => /pushes_total\{outcome="success"\} 1/.test(await ownMetrics()));
    expect(await ownMetrics()).toMatch(/kata_monitor_otlp_last_success_timestamp_seconds \d/);
  });

  it('loses only the sandbox that the endpoint rejects', async () => {
    server = await startOtlpServer((resources) => (idsOf(resources).includes('hostile') ? 400 : 200));
    start([`--otlp.endpoint=${server.url}`, '--otlp.protocol=http/json']);
    const warning = await monitor.waitForLine((line) => (line.includes('Cannot push metrics') ? line : undefined));
    expect(JSON.parse(warning)).toMatchObject({
      level: 'warn',
      endpoint: `${server.url}/v1/metrics`,
      problem: expect.stringMatching(
        /^it responded with status 400: \{\} to the metrics of sandbox "hostile"; sent \d{3,}, rejected \d+, lost 0/,
      ),
    });
    const delivered = server.requests.filter(({ resources }) => !idsOf(resources).includes('hostile'));
    expect(delivered.flatMap(({ resources }) => idsOf(resources)).sort()).toEqual(['one', 'two']);
    await waitUntil(async () => /pushes_total\{outcome="partial"\} 1/.test(await ownMetrics()));
  });

  it('reports an endpoint that is down, once, and that it is there again', async () => {
    const port = await findFreePort();
    const variables = {
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
      OTEL_EXPORTER_OTLP_COMPRESSION: 'none',
      // Long enough to read the sandboxes on a busy machine.
      OTEL_METRIC_EXPORT_INTERVAL: '4000',
      OTEL_RESOURCE_ATTRIBUTES: 'k8s.cluster.name=prod',
    };
    start([], variables);
    const warning = await monitor.waitForLine((line) => (line.includes('Cannot push metrics') ? line : undefined));
    expect(JSON.parse(warning)).toMatchObject({
      endpoint: `http://127.0.0.1:${port}/v1/metrics`,
      problem: expect.stringContaining(`connect ECONNREFUSED 127.0.0.1:${port}`),
    });
    await waitUntil(async () => /pushes_total\{outcome="failed"\} [2-9]/.test(await ownMetrics()));
    server = await startOtlpServer(undefined, { port });
    await monitor.waitForLine((line) => (line.includes('takes all metrics again') ? line : undefined));
    expect(server.requests[0]!.resources.map(({ attributes }) => attributes['k8s.cluster.name'])).toContain('prod');
    const { stderr } = await monitor.stop();
    expect(stderr.match(/Cannot push metrics/g)).toHaveLength(1);
  });

  it('checks the certificate of the endpoint', async () => {
    const authority = await makeAuthority(root, 'authority');
    const tls = await makeCertificate(root, 'endpoint', { authority, alternativeNames: ['IP:127.0.0.1'] });
    server = await startOtlpServer(undefined, { tls });
    const args = [`--otlp.endpoint=${server.url}`, '--otlp.protocol=http/json'];
    start(args);
    const warning = await monitor.waitForLine((line) => (line.includes('Cannot push metrics') ? line : undefined));
    expect(JSON.parse(warning)).toMatchObject({ problem: expect.stringContaining('certificate') });
    expect(server.requests).toEqual([]);
    await monitor.stop();
    start([...args, `--otlp.ca-file=${authority.certPath}`]);
    await waitUntil(() => server!.requests.length > 0);
  });

  it('is off by default', async () => {
    start([], { OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' });
    expect(await ownMetrics()).not.toContain('otlp');
  });

  it.each([
    [['--otlp.endpoint=collector:4318'], 'Option "--otlp.endpoint" must be http://host:port'],
    [
      ['--otlp.endpoint=https://x', '--otlp.ca-file=/no/such'],
      'Option "--otlp.ca-file" must be a file that can be read',
    ],
  ])('rejects %j', async (args, message) => {
    start(args);
    const end = await monitor.ended;
    expect(end.stderr).toContain(message);
    expect(end.code).toBe(2);
  });
});
