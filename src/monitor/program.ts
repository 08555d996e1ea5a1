/**
 * kata-monitor from its command line: serves until SIGTERM or SIGINT.
 */
import { resolve } from 'node:path';
import { formatHelp, parseOptions, variableName } from '../options/index.ts';
import { exitCodes, runProgram, waitForEndSignal } from '../program/index.ts';
import {
  type MonitorOptionValues,
  type MonitorSettings,
  monitorOptionTable,
  toMonitorSettings,
} from '../settings/monitor.ts';
import { withOtelVariables } from '../settings/otlp.ts';
import {
  type HandedOverSocket,
  openServiceManager,
  type ServiceManager,
  takeHandedOverSockets,
} from '../systemd/index.ts';
import { WebConfigError } from '../web-config/index.ts';
import { createLog, type Log } from './answer/log.ts';
import { closeMailboxes } from './ended/mailboxes.ts';
import { ListenError } from './http/listen.ts';
import { type RunningMonitor, startMonitor } from './start-monitor.ts';

const USAGE = 'kata-monitor [options]';
const ABOUT = 'Serves the metrics of all Kata sandboxes on this node to Prometheus.';
const VARIABLE_PREFIX = 'KATA_MONITOR';
const closing = `Each option can also be set by an environment variable, such as ${variableName(VARIABLE_PREFIX, 'listen-address')}.
The command line has precedence.`;

/** Returns the exit code; resolves when the monitor has ended. */
export function runMonitorProgram(args: readonly string[], version: string): Promise<number> {
  return runProgram({ name: 'kata-monitor', helpCommand: 'kata-monitor --help' }, async () => {
    // The Go monitor has a command "version" as well as the flag.
    const parsed = parseOptions(monitorOptionTable, args[0] === 'version' ? ['--version'] : args, {
      // The Go monitor drops every flag after such an argument. Here they take effect: dropping a --web.config.file
      // silently would remove the protection it configures.
      words: 'ignore',
      environment: { prefix: VARIABLE_PREFIX, variables: readVariables(args) },
    });
    switch (parsed.kind) {
      case 'help':
        process.stdout.write(formatHelp(USAGE, ABOUT, monitorOptionTable, closing));
        return 0;
      case 'version':
        process.stdout.write(`kata-monitor ${version}\n`);
        return 0;
      case 'values':
        return serve(parsed, version);
    }
  });
}

function readVariables(args: readonly string[]): Readonly<Record<string, string | undefined>> {
  const hasFlag = args.some((arg) => /^--?otlp\.endpoint(?:=|$)/.test(arg));
  return withOtelVariables(process.env, (option) => variableName(VARIABLE_PREFIX, option), hasFlag);
}

async function serve(
  { values, notices }: { readonly values: MonitorOptionValues; readonly notices: readonly string[] },
  version: string,
): Promise<number> {
  const all = [...notices];
  const settings = toMonitorSettings(values, all);
  const log = createLog({ level: settings.logLevel, format: settings.logFormat });
  for (const notice of all) {
    log.warn(notice);
  }
  const ending = waitForEndSignal();
  let running: RunningMonitor | undefined;
  process.on('SIGHUP', () => reload(running, log));
  try {
    const openSockets = takeOpenSockets();
    const notify = await openNotices(log);
    if (settings.lastWords === 'off') {
      await closeMailboxes(settings.sandboxesRoot);
    }
    const monitor = await startMonitor({ settings, version, log, openSockets });
    running = monitor;
    log.info({ version, url: monitor.url, adminUrl: monitor.adminUrl }, 'Listening');
    notify((manager) => manager.sayReady(`Listening on ${monitor.url}`));
    const signal = await ending;
    log.info({ signal }, 'Shutting down');
    notify((manager) => manager.sayStopping());
    await monitor.close();
    return 0;
  } catch (error) {
    if (error instanceof WebConfigError) {
      log.fatal(describeWebConfigFault(error, settings));
      return exitCodes.usage;
    }
    if (error instanceof ListenError) {
      log.fatal(error.message);
      return exitCodes.failed;
    }
    throw error;
  }
}

/** Reloads the configuration file on SIGHUP, as Prometheus and its exporters do. */
function reload(monitor: RunningMonitor | undefined, log: Log): void {
  if (monitor === undefined) {
    log.info('Nothing to reload on SIGHUP: the monitor is starting');
  } else if (!monitor.reload()) {
    log.info('Nothing to reload on SIGHUP: --web.config.file is not set');
  }
}

/** Returns one sentence that names the file once. */
function describeWebConfigFault({ message }: WebConfigError, { webConfig }: MonitorSettings): string {
  if (webConfig?.kind !== 'file') {
    return `Cannot use --tls-cert-file and --tls-key-file: ${message}`;
  }
  const path = resolve(webConfig.path);
  return `Cannot use --web.config.file${message.includes(path) ? '' : ` "${path}"`}: ${message}`;
}

function takeOpenSockets(): readonly HandedOverSocket[] {
  try {
    return takeHandedOverSockets(process.env, process.pid);
  } catch (error) {
    throw new ListenError(`Cannot listen: ${(error as Error).message}`);
  }
}

/** A failed notification does not stop the monitor: the service manager decides how to react. */
async function openNotices(log: Log): Promise<(send: (manager: ServiceManager) => void) => void> {
  const fail = (error: unknown): void => log.error(`Cannot notify the service manager: ${(error as Error).message}`);
  const manager = await openServiceManager(process.env, process.pid).catch(fail);
  return (send) => {
    try {
      if (manager) {
        send(manager);
      }
    } catch (error) {
      fail(error);
    }
  };
}
