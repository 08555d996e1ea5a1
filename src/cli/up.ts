/**
 * `kata-metrics up`: the whole pipeline on this machine, until a signal ends it; then nothing that it started is left.
 */
import {
  createLog,
  ListenError,
  monitorOptionTable,
  type RunningMonitor,
  startMonitor,
  toMonitorSettings,
} from '../monitor/index.ts';
import { type OptionValues, parseOptions } from '../options/index.ts';
import { CliError } from './cli-error.ts';
import type { CliProgram } from './cli-program.ts';
import type { cliCommands } from './commands.ts';
import { type Fleet, startFleet } from './fleet.ts';
import { LiveText } from './live-text.ts';
import { listSandboxes } from './node-sandboxes.ts';
import { formatFigures, readFigures, type SandboxFigures } from './overview.ts';
import { paint } from './paint.ts';

const REFRESH_MS = 2000;
/** A fresh agent needs half a second to start. */
const AGENT_PAUSE_MS = 250;
const MAX_ROUNDS_FOR_AGENTS = 40;

export async function up(
  values: OptionValues<typeof cliCommands.up.options>,
  { version, shimCommand, selfCommand }: CliProgram,
): Promise<void> {
  const ending = waitForSignal();
  const found = await listSandboxes(values.sandboxesRoot);
  let fleet: Fleet | undefined;
  let monitor: RunningMonitor | undefined;
  try {
    if (found.length === 0) {
      process.stdout.write(`No Kata sandboxes on this node: starting ${values.sandboxes} that are processes ...\n`);
      fleet = await startFleet({ count: values.sandboxes, shimCommand, onEnd: say });
    }
    const roots = fleet === undefined ? values.sandboxesRoot : [fleet.root];
    monitor = await start(values.listenAddress, roots, version);
    process.stdout.write(whereToLook(monitor.url, roots, selfCommand));
    await showUntil(ending, monitor.url);
    say('Ending ...');
  } finally {
    await monitor?.close();
    await fleet?.stop();
  }
}

async function start(listenAddress: string, roots: readonly string[], version: string): Promise<RunningMonitor> {
  const args = [`--listen-address=${listenAddress}`, ...roots.map((root) => `--sandboxes-root=${root}`)];
  const parsed = parseOptions(monitorOptionTable, args);
  if (parsed.kind !== 'values') {
    throw new CliError('Cannot start the monitor: its options were not read');
  }
  try {
    return await startMonitor({ settings: toMonitorSettings(parsed.values), version, log: createLog('error') });
  } catch (error) {
    if (error instanceof ListenError) {
      throw new CliError(error.message);
    }
    throw error;
  }
}

function whereToLook(url: string, roots: readonly string[], selfCommand: string): string {
  const target = url.replace(/^http:\/\//, '');
  return `
${paint('bold', `Metrics of the sandboxes in ${roots.join(' and ')}:`, process.stdout)}

  ${url}/metrics

  curl ${url}/metrics
  curl '${url}/metrics?filter_family=kata_guest_load'
  ${selfCommand} get <sandbox> ${roots.map((root) => `--sandboxes-root ${root}`).join(' ')}

Prometheus:

  scrape_configs:
    - job_name: kata
      static_configs: [{ targets: ['${target}'] }]

Ctrl-C ends it.

`;
}

/** On a terminal the table is kept fresh; elsewhere it is printed once, when the agents answer or had time to. */
async function showUntil(ending: Promise<unknown>, url: string): Promise<void> {
  const live = new LiveText(process.stdout);
  let isEnding = false;
  const end = ending.then(() => {
    isEnding = true;
  });
  for (let round = 1; !isEnding; round++) {
    const figures = await readNode(url);
    const isSettled = figures.every(({ isAgentUp }) => isAgentUp !== false) || round === MAX_ROUNDS_FOR_AGENTS;
    if (process.stdout.isTTY) {
      live.show(formatFigures(figures));
    } else if (isSettled) {
      live.show(formatFigures(figures));
      return end;
    }
    await Promise.race([end, pause(isSettled ? REFRESH_MS : AGENT_PAUSE_MS)]);
  }
}

async function readNode(url: string): Promise<SandboxFigures[]> {
  const response = await fetch(`${url}/metrics`, { headers: { accept: 'text/plain' } });
  return readFigures(Buffer.from(await response.arrayBuffer()));
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}

/** Under npm a Ctrl-C comes twice, from the terminal and from npm: further signals do not interrupt the clean-up. */
function waitForSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(signal, () => resolve());
    }
  });
}

function say(message: string): void {
  process.stderr.write(`${message}\n`);
}
