/**
 * `kata-metrics up`: the whole pipeline on this machine, until a signal stops it. It leaves no process and no file.
 */
import { existsSync } from 'node:fs';
import { checkSettings, createLog, type RunningMonitor, startMonitor } from '../monitor/index.ts';
import { OptionError, type OptionValues, parseOptions } from '../options/index.ts';
import { toPrintable } from '../program/index.ts';
import type { cliCommands } from '../settings/cli.ts';
import { formatAddress, isLocal } from '../settings/listen-address.ts';
import { type MonitorSettings, monitorOptionTable, toMonitorSettings } from '../settings/monitor.ts';
import { asCliError } from './as-cli-error.ts';
import { CliError } from './cli-error.ts';
import type { CliProgram } from './cli-program.ts';
import { deployFile, toShortPath } from './deploy-files.ts';
import { abortOnEndSignals } from './end-signals.ts';
import { type Fleet, startFleet } from './fleet.ts';
import { chooseFleetHypervisor } from './fleet-hypervisor.ts';
import { LiveText } from './live-text.ts';
import { describeUnreadable, listSandboxes } from './node-sandboxes.ts';
import { paintOverview } from './overview.ts';
import { paint } from './paint.ts';
import { findPrometheus, type RunningPrometheus, startPrometheus } from './prometheus.ts';
import { showOverview } from './show-overview.ts';
import { formatFirstLine, formatWhereToLook, toReachableUrl } from './where-to-look.ts';

type UpValues = OptionValues<typeof cliCommands.up.options>;

export async function up(values: UpValues, program: CliProgram): Promise<void> {
  const settings = readMonitorSettings(values);
  checkPrometheus(values, settings);
  // Before sandboxes are started, which can take half a minute for virtual machines.
  await checkMonitor(settings);
  const ending = abortOnEndSignals();
  try {
    await runPipeline(values, settings, program, ending.signal);
  } catch (error) {
    if (error !== ending.signal.reason) {
      throw error;
    }
  }
}

/** Resolves, or rejects with the signal's reason, after the signal has fired and everything is stopped. */
async function runPipeline(
  values: UpValues,
  settings: MonitorSettings,
  program: CliProgram,
  signal: AbortSignal,
): Promise<void> {
  const screen = new LiveText(process.stdout, paintOverview);
  const emphasize = (text: string): string => paint('bold', text, process.stdout);
  let monitor: RunningMonitor | undefined;
  let fleet: Fleet | undefined;
  let prometheus: RunningPrometheus | undefined;
  // Before the sandboxes are started: the page shows how they start.
  const startOn = async (sandboxesRoot: readonly string[]): Promise<RunningMonitor> => {
    // For sandboxes that this command has not started, the monitor of the node keeps the final values.
    const lastWords = sandboxesRoot === values.sandboxesRoot ? 'off' : 'on';
    monitor = await start({ ...settings, sandboxesRoot, lastWords }, program.version);
    process.stdout.write(formatFirstLine(monitor, emphasize));
    return monitor;
  };
  try {
    fleet = await startFleetIfNeeded(values, program, screen, signal, startOn);
    const roots = fleet === undefined ? values.sandboxesRoot : [fleet.root];
    const running = monitor ?? (await startOn(roots));
    prometheus = await startPrometheusIfWanted(values, running.url, screen, signal);
    process.stdout.write(
      formatWhereToLook({
        url: running.url,
        roots,
        selfCommand: program.selfCommand,
        emphasize,
        consoles: fleet?.consoles ?? [],
        dashboards: findDashboards(),
        prometheusUrl: prometheus?.url,
      }),
    );
    await showOverview(running, screen, signal);
    process.stderr.write('Stopping ...\n');
  } finally {
    // Its type is from before the functions above were called.
    await Promise.all([(monitor as RunningMonitor | undefined)?.close(), prometheus?.stop()]);
    await fleet?.stop();
  }
}

/** Settings without an option of `up` have the monitor's defaults. @throws {OptionError} */
function readMonitorSettings({
  listenAddress,
  sandboxesRoot,
  webConfigFile,
  webInsecureListen,
}: UpValues): MonitorSettings {
  const args = [
    `--listen-address=${listenAddress}`,
    ...sandboxesRoot.map((root) => `--sandboxes-root=${root}`),
    ...(webConfigFile === undefined ? [] : [`--web.config.file=${webConfigFile}`]),
    ...(webInsecureListen ? ['--web.insecure-listen'] : []),
  ];
  const parsed = parseOptions(monitorOptionTable, args);
  if (parsed.kind !== 'values') {
    throw new OptionError('Cannot read the options of the monitor');
  }
  return toMonitorSettings(parsed.values);
}

/**
 * Before anything is started.
 * @throws {OptionError} when Prometheus could not scrape this monitor
 * @throws {CliError} when Prometheus is not installed
 */
function checkPrometheus({ prometheus, listenAddress, webConfigFile }: UpValues, settings: MonitorSettings): void {
  if (!prometheus) {
    return;
  }
  if (settings.listenAddress.kind === 'unix') {
    throw new OptionError(
      `Option "--prometheus" requires a "--listen-address" with a port, because Prometheus cannot scrape Unix sockets, got "${listenAddress}"`,
    );
  }
  if (webConfigFile !== undefined) {
    throw new OptionError(
      'Option "--prometheus" cannot be used with "--web.config.file": Prometheus would need its certificates and passwords',
    );
  }
  findPrometheus(process.env);
}

async function startPrometheusIfWanted(
  { prometheus }: UpValues,
  monitorUrl: string,
  screen: LiveText,
  signal: AbortSignal,
): Promise<RunningPrometheus | undefined> {
  if (!prometheus) {
    return undefined;
  }
  return startPrometheus({
    program: findPrometheus(process.env),
    monitorUrl: toReachableUrl(monitorUrl),
    onEnd: (message) => say(message, screen),
    signal,
  });
}

/** Undefined where the package does not contain them. */
function findDashboards(): string | undefined {
  const directory = deployFile('grafana');
  return existsSync(directory) ? toShortPath(directory) : undefined;
}

/** Undefined if the node has sandboxes already. */
async function startFleetIfNeeded(
  values: UpValues,
  { shimCommand }: CliProgram,
  screen: LiveText,
  signal: AbortSignal,
  startOn: (roots: readonly string[]) => Promise<unknown>,
): Promise<Fleet | undefined> {
  const { sandboxes: found, unreadable } = await listSandboxes(values.sandboxesRoot);
  if (unreadable.some(({ code }) => code === 'ENOENT' || code === 'ENOTDIR')) {
    throw new CliError(describeUnreadable(unreadable));
  }
  if (unreadable.length > 0) {
    process.stderr.write(`${toPrintable(describeUnreadable(unreadable))}\n`);
  }
  if (found.length > 0) {
    return undefined;
  }
  const { what, shimArgs } = await chooseFleetHypervisor(values, process.env);
  const where = unreadable.length > 0 ? 'found' : 'on this node';
  return startFleet({
    count: values.sandboxes,
    shimCommand: [...shimCommand, 'run', ...shimArgs],
    onRoot: async (root) => {
      await startOn([root]);
      process.stdout.write(`No Kata sandboxes ${where}: starting ${values.sandboxes}, ${what} ...\n`);
    },
    onEnd: (message) => say(message, screen),
    signal,
  });
}

/** @throws {CliError} when the monitor cannot start; warns on standard error if other machines can reach its address. */
async function checkMonitor(settings: MonitorSettings): Promise<void> {
  await asCliError(() => checkSettings(settings));
  const { listenAddress, webConfig, webInsecureListen } = settings;
  if (!isLocal(listenAddress) && webConfig === undefined && !webInsecureListen) {
    process.stderr.write(`Other machines can reach "${formatAddress(listenAddress)}" and need no password\n`);
  }
}

async function start(settings: MonitorSettings, version: string): Promise<RunningMonitor> {
  return asCliError(() => startMonitor({ settings, version, log: createLog({ level: 'error', format: 'text' }) }));
}

/** Prints above the table if it is updated in place. */
function say(message: string, screen: LiveText): void {
  if (process.stdout.isTTY) {
    screen.note(toPrintable(message));
  } else {
    process.stderr.write(`${toPrintable(message)}\n`);
  }
}
