/**
 * The program kata-monitor over a root of fake shims, requested in every form.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type FakeShim, startFakeShim } from '../../support/fake-shim.ts';
import { parseAnswer, type ReferenceSeries, seriesInOpenMetrics } from '../../support/reference-exposition.ts';
import { pickUrl, type RunningProgram, runProgram } from '../../support/run-program.ts';
import { acceptOf, type Form, forms, type GoodSeries, type Response, seriesKey } from './readers.ts';

export interface TestNode {
  /** Of the monitor. */
  readonly url: string;
  readonly root: string;
  readonly outside: string;
  addShim(id: string): Promise<FakeShim>;
  /** The node's response in each form, with what it has to hold of good sandboxes: the bodies that they send, by id. */
  scrape(name: string, goodBodies: Readonly<Record<string, string>>): Promise<Response[]>;
  stop(): Promise<void>;
}

const bareShimName = /^(?=go_|process_)/;

export interface TestNodeOptions {
  /** Of the response. Default: /metrics. */
  readonly path?: string;
  /** Further options of the monitor. */
  readonly args?: readonly string[];
}

export async function startTestNode(
  shimTimeoutMs: number,
  { path = '/metrics', args = [] }: TestNodeOptions = {},
): Promise<TestNode> {
  const folder = await mkdtemp(join(tmpdir(), 'kr-'));
  const root = join(folder, 'root');
  const outside = join(folder, 'outside');
  await Promise.all([mkdir(root), mkdir(outside)]);
  const program: RunningProgram = runProgram('kata-monitor', [
    '--listen-address=127.0.0.1:0',
    `--sandboxes-root=${root}`,
    `--shim-timeout=${shimTimeoutMs}ms`,
    ...args,
  ]);
  const url = await program.waitForLine(pickUrl);
  const shims: FakeShim[] = [];
  return {
    url,
    root,
    outside,
    addShim: async (id) => {
      await mkdir(join(root, id));
      const shim = await startFakeShim(join(root, id, 'shim-monitor.sock'));
      shims.push(shim);
      return shim;
    },
    scrape: async (name, goodBodies) => {
      const responses: Response[] = [];
      // One after the other: a shim that is slow must be so for each.
      for (const form of forms) {
        const request = async () => {
          const response = await fetch(`${url}${path}`, { headers: { accept: acceptOf[form] } });
          return { response, body: Buffer.from(await response.arrayBuffer()) };
        };
        let { response, body } = await request();
        for (let left = MAX_REPEATS; left > 0 && isLate(body, Object.keys(goodBodies)); left--) {
          ({ response, body } = await request());
        }
        const wanted = new Map(Object.entries(goodBodies).map(([id, body]) => [id, seriesOfBody(body, form)]));
        responses.push({
          name,
          form,
          contentType: response.headers.get('content-type') ?? '',
          body,
          wanted,
        });
      }
      return responses;
    },
    stop: async () => {
      await program.stop();
      await Promise.all(shims.map((shim) => shim.close()));
      await rm(folder, { recursive: true });
    },
  };
}

/** A good sandbox that is late again and again is a complaint. */
const MAX_REPEATS = 20;

/** Whether a good sandbox was late, as each may be on a busy machine: in text, or as labels of protobuf. */
function isLate(body: Buffer, goodIds: readonly string[]): boolean {
  const text = body.toString('latin1');
  return goodIds.some((id) =>
    new RegExp(
      `"${id}"[^}\\n]*,reason="(?:slow|timeout)"|${id}[^]{0,100}?\\x06reason\\x12[\\x04\\x07](?:slow|timeout)`,
    ).test(text),
  );
}

/** What a reader stores of a good sandbox that sends this. */
export function seriesOfBody(body: string, form: Form): GoodSeries {
  const { series } = parseAnswer(body);
  const carried = form === 'openmetrics' ? seriesInOpenMetrics(series) : series;
  return { required: toMap(carried), all: toMap(series) };
}

function toMap(series: readonly ReferenceSeries[]): ReadonlyMap<string, string> {
  return new Map(
    series.map(({ name, labels, value }) => [
      seriesKey(name.replace(bareShimName, 'kata_shim_'), labels),
      String(value),
    ]),
  );
}
