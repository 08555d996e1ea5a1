/**
 * Debian's Prometheus as a test's own server: private data, its own port, ended and removed by `stop`.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { findFreePort } from './free-port.ts';

export interface PrometheusSample {
  readonly metric: Readonly<Record<string, string>>;
  /** Unix time and value of an instant query. */
  readonly value: readonly [number, string];
  /** Of a range selector. */
  readonly values: readonly (readonly [number, string])[];
}

export interface PrometheusTarget {
  readonly labels: Readonly<Record<string, string>>;
  readonly health: string;
  readonly lastError: string;
}

export interface Prometheus {
  readonly url: string;
  /** PromQL at this moment, or at a Unix time in seconds. */
  query(expression: string, atSeconds?: number): Promise<readonly PrometheusSample[]>;
  /** What it has stored of each family's TYPE and HELP line, by name. */
  listMetadata(): Promise<Readonly<Record<string, readonly { readonly type: string; readonly help: string }[]>>>;
  /** Lines of its log so far. */
  readonly log: readonly string[];
  /** Names of the series that match. */
  listNames(matcher: string): Promise<readonly string[]>;
  listTargets(): Promise<readonly PrometheusTarget[]>;
  /** May be called again. */
  stop(): Promise<void>;
}

export interface PrometheusOptions {
  /** Default: the one on the PATH, Debian's. */
  readonly program?: string;
  /** Begins the command: where it runs. Its API can then be used only from there. */
  readonly inside?: readonly string[];
  /** Default: a free port of the loopback. */
  readonly listenAddress?: string;
  /** More flags. */
  readonly flags?: readonly string[];
}

/** `config` is the text of prometheus.yml. */
export async function startPrometheus(
  config: string,
  { program = 'prometheus', flags = [], inside = [], listenAddress }: PrometheusOptions = {},
): Promise<Prometheus> {
  const folder = await mkdtemp(join(tmpdir(), 'prometheus-'));
  await writeFile(join(folder, 'prometheus.yml'), config);
  const address = listenAddress ?? `127.0.0.1:${await findFreePort()}`;
  const [file = program, ...words] = [...inside, program];
  const child = spawn(
    file,
    [
      ...words,
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=${address}`,
      ...flags,
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  const exited = once(child, 'exit');
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    await exited;
    await rm(folder, { recursive: true, force: true });
  };
  const lines: string[] = [];
  const ready = new Promise<void>((resolve, reject) => {
    createInterface({ input: child.stderr }).on('line', (line) => {
      lines.push(line);
      if (line.includes('Server is ready to receive web requests')) {
        resolve();
      }
    });
    void exited.then(() => reject(new Error(`Cannot start prometheus:\n${lines.join('\n')}`)));
  });
  try {
    await ready;
  } catch (error) {
    await rm(folder, { recursive: true });
    throw error;
  }
  const url = `http://${address}`;
  const ask = async <T>(path: string, parameters: Record<string, string>): Promise<T> => {
    const response = await fetch(`${url}/api/v1/${path}?${new URLSearchParams(parameters)}`);
    const { status, data, error } = (await response.json()) as { status: string; data: T; error?: string };
    if (status !== 'success') {
      throw new Error(`Cannot ask prometheus for ${JSON.stringify(parameters)}: ${error}`);
    }
    return data;
  };
  return {
    url,
    query: async (query, atSeconds) => {
      const time: Record<string, string> = atSeconds === undefined ? {} : { time: atSeconds.toFixed(3) };
      return (await ask<{ result: PrometheusSample[] }>('query', { query, ...time })).result;
    },
    listMetadata: () => ask('metadata', {}),
    log: lines,
    listNames: (matcher) => ask('label/__name__/values', { 'match[]': matcher }),
    listTargets: async () => (await ask<{ activeTargets: PrometheusTarget[] }>('targets', {})).activeTargets,
    stop,
  };
}
