/**
 * `kata-metrics page --prometheus`: serves the page and its API over the sandboxes of all nodes, until a signal stops it. It
 * reads from Prometheus only while a page is open, or for a request to the API, and stores nothing.
 */
import { createLog, SourceError, startPageServer } from '../monitor/page-server.ts';
import { OptionError, type OptionValues, parseOptions } from '../options/index.ts';
import type { cliCommands } from '../settings/cli.ts';
import { type MonitorSettings, monitorOptionTable, toMonitorSettings } from '../settings/monitor.ts';
import { asCliError } from './as-cli-error.ts';
import { CliError } from './cli-error.ts';
import { abortOnEndSignals } from './end-signals.ts';
import { paint } from './paint.ts';
import { type Fleet, openFleet } from './top/fleet.ts';
import { toReachableUrl } from './where-to-look.ts';

type PageValues = OptionValues<typeof cliCommands.page.options>;

/** Longer than the client of Prometheus waits. */
const TIMEOUT = '20s';

/** `version`: of the package. @throws {CliError} when the page cannot be served */
export async function page(values: PageValues, version: string): Promise<void> {
  const { prometheus: url, caFile, certFile, keyFile, username, passwordFile, intervalMs } = values;
  const settings = readSettings(values);
  const fleet = openFleet({ url, caFile, certFile, keyFile, username, passwordFile, version });
  const { signal } = abortOnEndSignals();
  const log = createLog({ level: 'warn', format: 'text', name: 'kata-metrics' });
  try {
    const server = await asCliError(() =>
      startPageServer({
        settings,
        version,
        log,
        reader: { read: (request) => readFleet(fleet, request) },
        place: 'in this Prometheus',
        intervalMs,
      }),
    );
    const where = server.url.startsWith('unix:') ? server.url : `${toReachableUrl(server.url)}/`;
    process.stdout.write(`Open ${paint('bold', where, process.stdout)} in a browser\n`);
    await new Promise<void>((resolve) => {
      signal.addEventListener('abort', () => resolve());
    });
    await server.close();
  } finally {
    fleet.close();
  }
}

async function readFleet(fleet: Fleet, request: Parameters<Fleet['read']>[0]): ReturnType<Fleet['read']> {
  try {
    return await fleet.read(request);
  } catch (error) {
    throw error instanceof CliError ? new SourceError(error.message) : error;
  }
}

/** Settings without an option of `page` have the monitor's defaults. @throws {OptionError} */
function readSettings({
  listenAddress,
  webAllowedHosts,
  webConfigFile,
  webInsecureListen,
}: PageValues): MonitorSettings {
  const parsed = parseOptions(monitorOptionTable, [
    `--listen-address=${listenAddress}`,
    `--scrape-timeout=${TIMEOUT}`,
    ...webAllowedHosts.map((host) => `--web.allowed-hosts=${host}`),
    ...(webConfigFile === undefined ? [] : [`--web.config.file=${webConfigFile}`]),
    ...(webInsecureListen ? ['--web.insecure-listen'] : []),
  ]);
  if (parsed.kind !== 'values') {
    throw new OptionError('Cannot read the options of the page');
  }
  return toMonitorSettings(parsed.values);
}
