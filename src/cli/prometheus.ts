/**
 * Starts the installed Prometheus for `kata-metrics up`, on a loopback address, with the rules of deploy/prometheus. Its
 * data is in a directory that is removed at the end.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findProgram, orAborted } from '../program/index.ts';
import { startGuard } from '../shim/index.ts';
import { type ChildProgram, endChild, waitUntilReady, watchChild } from './child-program.ts';
import { CliError } from './cli-error.ts';
import { deployFile } from './deploy-files.ts';

export interface RunningPrometheus {
  /** `http://127.0.0.1:port`. */
  readonly url: string;
  /** Stops it and removes its data. May be called more than once. */
  stop(): Promise<void>;
}

export interface PrometheusOptions {
  readonly program: string;
  /** Address of the monitor, `http://host:port`. */
  readonly monitorUrl: string;
  /** Called when Prometheus ends by itself. */
  readonly onEnd: (message: string) => void;
  /** Stops waiting for its start. */
  readonly signal: AbortSignal;
}

const PROGRAM = 'prometheus';
const HOST = '127.0.0.1';
/** The address at which users expect Prometheus. */
const DEFAULT_PORT = 9090;
/** Text of the log line after which Prometheus accepts requests. */
const READY = 'Server is ready to receive web requests';
const SCRAPE_INTERVAL = '5s';
/** Path of the executable. @throws {CliError} when it or the rules are missing */
export function findPrometheus(env: NodeJS.ProcessEnv): string {
  const found = findProgram(PROGRAM, env['PATH']);
  if (found === undefined) {
    throw new CliError(`Cannot start Prometheus: no program "${PROGRAM}" on the PATH (Debian: prometheus)`);
  }
  const rules = deployFile('prometheus/kata-monitor.rules.yaml');
  if (!existsSync(rules)) {
    throw new CliError(`Cannot start Prometheus: its rules are missing, "${rules}"`);
  }
  return found;
}

/**
 * Resolves when it accepts requests. After a rejection no process and no file is left.
 * @throws {CliError} when it does not start
 * @throws the signal's reason if the signal fires first.
 */
export async function startPrometheus(options: PrometheusOptions): Promise<RunningPrometheus> {
  const { program, monitorUrl, onEnd, signal } = options;
  const folder = await mkdtemp(join(tmpdir(), 'kata-prometheus-'));
  const guard = startGuard({ marker: folder, leftovers: [folder] });
  const removeFolder = async (): Promise<void> => {
    await rm(folder, { recursive: true, force: true });
    await guard.end();
  };
  let started: ChildProgram | undefined;
  let stopping: Promise<void> | undefined;
  try {
    const configPath = join(folder, 'prometheus.yml');
    await writeFile(configPath, formatConfig(monitorUrl));
    const address = `${HOST}:${await findPort()}`;
    const args = [
      `--config.file=${configPath}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=${address}`,
    ];
    // A separate process group: Ctrl-C at the terminal signals only this process, which then stops Prometheus.
    const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'], detached: true });
    const running = watchChild(child);
    started = running;
    if (child.pid !== undefined) {
      guard.watch(child.pid);
    }
    await orAborted(waitUntilReady(running, READY, 'Cannot start Prometheus: it'), signal);
    const stop = (): Promise<void> => {
      stopping ??= endChild(running).then(removeFolder);
      return stopping;
    };
    void running.exited.then((how) => {
      if (stopping === undefined) {
        onEnd(`Prometheus ${how}`);
      }
    });
    return { url: `http://${address}`, stop };
  } catch (error) {
    if (started !== undefined) {
      await endChild(started);
    }
    await removeFolder();
    throw error;
  }
}

/** YAML includes JSON. */
function formatConfig(monitorUrl: string): string {
  const { host } = new URL(monitorUrl);
  return JSON.stringify({
    global: { scrape_interval: SCRAPE_INTERVAL, evaluation_interval: SCRAPE_INTERVAL },
    rule_files: [deployFile('prometheus/kata-monitor.rules.yaml')],
    scrape_configs: [{ job_name: 'kata', static_configs: [{ targets: [host] }] }],
  });
}

/** The default port of Prometheus, or a free one if another program uses it. */
async function findPort(): Promise<number> {
  return (await tryPort(DEFAULT_PORT)) ?? (await tryPort(0)) ?? DEFAULT_PORT;
}

async function tryPort(port: number): Promise<number | undefined> {
  const server = createServer();
  try {
    await once(server.listen(port, HOST), 'listening');
  } catch {
    // In use.
    return undefined;
  }
  const { port: free } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return free;
}
