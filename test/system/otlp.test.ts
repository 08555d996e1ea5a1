/**
 * `kata-monitor --otlp.endpoint` and a real OpenTelemetry collector: it takes everything in protobuf, over HTTP and gRPC, and
 * what it passes on in JSON is what /metrics has.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { stringify } from 'yaml';
import { findFreePort } from '../support/free-port.ts';
import { findBuilt } from '../support/go-program.ts';
import { type LiveNode, startLiveNode } from '../support/live-node.ts';
import { OPTIONAL } from '../support/newer-prometheus.ts';
import { type OtlpServer, startOtlpServer } from '../support/otlp-server.ts';
import { waitUntil } from '../support/processes.ts';
import { pickUrl, type RunningProgram, runCommand, runProgram } from '../support/run-program.ts';

it('gives a collector what /metrics has', { timeout: 300_000 }, async ({ skip }) => {
  const program = findBuilt('otelcol');
  skip(
    program === undefined,
    `${OPTIONAL}no OpenTelemetry collector; node scripts/build-test-program.ts otelcol builds it with Go`,
  );
  const folder = await mkdtemp(join(tmpdir(), 'otelcol-'));
  let server: OtlpServer | undefined;
  let collector: RunningProgram | undefined;
  let node: LiveNode | undefined;
  let overGrpc: RunningProgram | undefined;
  try {
    server = await startOtlpServer();
    const [endpoint, grpcEndpoint] = [`127.0.0.1:${await findFreePort()}`, `127.0.0.1:${await findFreePort()}`];
    const config = {
      receivers: { otlp: { protocols: { http: { endpoint }, grpc: { endpoint: grpcEndpoint } } } },
      exporters: { otlphttp: { endpoint: server.url, encoding: 'json', sending_queue: { enabled: false } } },
      service: {
        telemetry: { metrics: { level: 'none' } },
        pipelines: { metrics: { receivers: ['otlp'], exporters: ['otlphttp'] } },
      },
    };
    await writeFile(join(folder, 'config.yaml'), stringify(config));
    collector = runCommand([program!, `--config=file:${join(folder, 'config.yaml')}`]);
    await collector.waitForLine((line) => (line.includes('Everything is ready') ? true : undefined));
    node = await startLiveNode({
      ids: ['one', 'two'],
      monitorArgs: [
        `--otlp.endpoint=http://${endpoint}`,
        '--otlp.interval=5s',
        '--otlp.resource-attributes=k8s.cluster.name=ü',
      ],
    });
    overGrpc = runProgram('kata-monitor', [
      ...[`--sandboxes-root=${node.root}`, '--listen-address=127.0.0.1:0', '--last-words=off'],
      ...[`--otlp.endpoint=http://${grpcEndpoint}`, '--otlp.protocol=grpc', '--otlp.interval=5s'],
      '--otlp.resource-attributes=over=grpc',
    ]);
    const grpcUrl = await overGrpc.waitForLine(pickUrl);
    const received = server.requests;
    const findOne = () =>
      received
        .flatMap(({ resources }) => resources)
        .find(
          ({ attributes, metrics }) =>
            attributes['kata.sandbox.id'] === 'one' &&
            // Of the monitor that pushes over HTTP.
            attributes['over'] === undefined &&
            metrics.some(({ name }) => name === 'kata.sandbox.memory_total'),
        );
    await waitUntil(() => findOne() !== undefined);
    const { url } = node;
    for (const each of [url, grpcUrl]) {
      const readOwn = async () => (await fetch(`${each}/metrics?collect[]=kata_monitor_otlp`)).text();
      await waitUntil(async () => /otlp_pushes_total\{outcome="success"\} [1-9]/.test(await readOwn()));
      expect(await readOwn()).not.toMatch(/outcome="(?:partial|rejected)"/);
    }
    const idsOfGrpc = (): Set<string | undefined> => {
      const ofGrpc = received
        .flatMap(({ resources }) => resources)
        .filter(({ attributes }) => attributes['over'] === 'grpc');
      return new Set(ofGrpc.map(({ attributes }) => attributes['kata.sandbox.id']));
    };
    // The first push may come before the sandboxes are found.
    await waitUntil(() => idsOfGrpc().size >= 3);
    expect(idsOfGrpc()).toEqual(new Set(['one', 'two', undefined]));
    expect(received.flatMap(({ faults }) => faults)).toEqual([]);
    const one = findOne()!;
    const summaries = received.flatMap(({ resources }) => resources.flatMap(({ metrics }) => metrics));
    expect(summaries.some(({ summary }) => summary?.dataPoints[0]?.quantileValues?.length === 5)).toBe(true);
    expect(one.attributes).toMatchObject({ 'k8s.cluster.name': 'ü', 'service.name': 'kata-sandbox' });
    const find = (name: string) => one.metrics.find((metric) => metric.name === name)!;
    expect(find('kata.sandbox.memory_total')).toMatchObject({
      unit: 'By',
      gauge: { dataPoints: [{ asDouble: totalmem() }] },
    });
    expect(find('k8s.pod.cpu.time').sum).toMatchObject({ isMonotonic: true });
    const rpc = find('kata.shim.agent_rpc_durations_histogram').histogram!.dataPoints[0]!;
    const counts = rpc.bucketCounts!.reduce<number>((sum, count) => sum + Number(count), 0);
    expect([counts > 0, counts]).toEqual([true, Number(rpc.count)]);
    const names = new Set(one.metrics.map(({ name }) => name));
    const text = await (await fetch(`${url}/metrics?sandbox=one`)).text();
    const families = [...text.matchAll(/^# TYPE (\S+) /gm)].length;
    expect(names.size).toBeGreaterThan(0.8 * families);
  } finally {
    await overGrpc?.stop();
    await node?.stop();
    await collector?.stop();
    await server?.close();
    await rm(folder, { recursive: true });
  }
});
