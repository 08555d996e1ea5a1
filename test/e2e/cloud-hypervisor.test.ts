/**
 * The counters of Cloud Hypervisor in the response of a monitor: read from the API sockets of both runtimes, whatever a
 * hypervisor sends, beside the metrics of the shims.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { answerWithLength, type FakeAnswer, type FakeShim, startFakeShim } from '../support/fake-shim.ts';
import { waitUntil } from '../support/processes.ts';
import { parseAnswer } from '../support/reference-exposition.ts';
import { pickUrl, type RunningProgram, runProgram } from '../support/run-program.ts';

const NEVER = '18446744073709551615';
const ofGo =
  '{"_net2":{"tx_frames":4,"rx_bytes":1000,"rx_frames":3,"tx_bytes":2000},' +
  `"_disk3":{"write_ops":0,"write_bytes":0,"write_latency_min":${NEVER},"write_latency_max":${NEVER},"write_latency_avg":1844674407370955,` +
  '"read_ops":5,"read_bytes":4096,"read_latency_min":10,"read_latency_max":2000,"read_latency_avg":500}}';

let folder: string;
let servers: FakeShim[];
let monitor: RunningProgram;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ch-'));
  servers = [];
});
afterEach(async () => {
  await monitor.stop();
  await Promise.all(servers.map((server) => server.close()));
  rmSync(folder, { recursive: true, force: true });
});

async function serve(path: string, response: FakeAnswer): Promise<FakeShim> {
  mkdirSync(join(folder, path, '..'), { recursive: true });
  const server = await startFakeShim(join(folder, path), response);
  servers.push(server);
  return server;
}

interface Scraped {
  /** Of the hypervisors, with values. */
  readonly series: string[];
  /** Whether every shim has responded. */
  readonly up: number[];
}

/** The first scrape with so many series: one does not wait for a hypervisor that is later than its shim. */
async function scrape(count: number, ...flags: string[]): Promise<Scraped> {
  monitor = runProgram('kata-monitor', [
    '--listen-address=127.0.0.1:0',
    `--sandboxes-root=${folder}/vc/sbs`,
    `--sandboxes-root=${folder}/kata`,
    `--runtime-endpoint=${folder}/none`,
    ...flags,
  ]);
  const url = await monitor.waitForLine(pickUrl);
  let scraped: Scraped = { series: [], up: [] };
  await waitUntil(async () => {
    scraped = await read(url);
    expect(scraped.up).toEqual([1, 1]);
    return scraped.series.length >= count;
  });
  return scraped;
}

async function read(url: string): Promise<Scraped> {
  const { series } = parseAnswer(await (await fetch(`${url}/metrics`)).text());
  const describeLabels = (labels: readonly (readonly [string, string])[]): string =>
    ['sandbox_id', 'device', 'statistic'].flatMap((name) => new Map(labels).get(name) ?? []).join(' ');
  return {
    series: series
      .filter(({ name }) => name.startsWith('kata_sandbox_hypervisor_'))
      .map(
        ({ name, labels, value }) =>
          `${name.slice('kata_sandbox_hypervisor_'.length)} ${describeLabels(labels)} ${value}`,
      )
      .sort(),
    up: series.filter(({ name }) => name === 'kata_sandbox_up').map(({ value }) => value),
  };
}

async function startBoth(goResponse: FakeAnswer): Promise<void> {
  const shim = answerWithLength('kata_shim_fds 7\nkata_guest_load{item="load1"} 1\n');
  await serve('vc/sbs/go/shim-monitor.sock', shim);
  await serve('vc/vm/go/clh-api.sock', goResponse);
  await serve('kata/rust/shim-monitor.sock', shim);
  await serve('kata/rust/ch-api.sock', answerWithLength('{"eth0":{"rx_bytes":7}}'));
}

const ofRust = ['network_receive_bytes_total rust eth0 7'];

describe('the counters of Cloud Hypervisor', () => {
  it('are in the response, of both runtimes', async () => {
    await startBoth(answerWithLength(ofGo));
    expect(await scrape(12)).toEqual({
      series: [
        'disk_read_bytes_total go _disk3 4096',
        'disk_read_latency_seconds go _disk3 max 0.002',
        'disk_read_latency_seconds go _disk3 mean 0.0005',
        'disk_read_latency_seconds go _disk3 min 0.00001',
        'disk_reads_total go _disk3 5',
        'disk_writes_total go _disk3 0',
        'disk_written_bytes_total go _disk3 0',
        'network_receive_bytes_total go _net2 1000',
        ...ofRust,
        'network_receive_frames_total go _net2 3',
        'network_transmit_bytes_total go _net2 2000',
        'network_transmit_frames_total go _net2 4',
      ],
      up: [1, 1],
    });
  });

  it.each<[string, FakeAnswer]>([
    ['nothing', { kind: 'silence' }],
    ['without an end', { kind: 'endless', head: 'HTTP/1.1 200 \r\n\r\n{"', piece: 'x'.repeat(65536) }],
    ['no JSON', answerWithLength('{{{')],
    ['that the machine does not run', answerWithLength('["VM is not running"]', { status: '500 ' })],
    ['half a label', answerWithLength('{"\\ud800":{"rx_bytes":1}}')],
  ])('cost only themselves where Cloud Hypervisor sends %s', async (_, response) => {
    await startBoth(response);
    expect(await scrape(ofRust.length)).toEqual({ series: ofRust, up: [1, 1] });
  });

  it('have labels that are escaped, and no families that a shim could send', async () => {
    await startBoth(answerWithLength('{"a\\"b\\\\c\\nd":{"rx_bytes":1}}'));
    await servers[0]!.close();
    servers.shift();
    await serve(
      'vc/sbs/go/shim-monitor.sock',
      answerWithLength('kata_shim_fds 7\nkata_sandbox_hypervisor_network_receive_bytes_total{device="eth0"} 1\n'),
    );
    const { series } = await scrape(2);
    expect(series).toEqual(['network_receive_bytes_total go a"b\\c\nd 1', ...ofRust]);
  });

  it('are not read with --no-hypervisor-counters', async () => {
    await startBoth(answerWithLength(ofGo));
    expect(await scrape(0, '--no-hypervisor-counters')).toEqual({ series: [], up: [1, 1] });
    expect(servers[1]!.connectionCount).toBe(0);
  });
});
