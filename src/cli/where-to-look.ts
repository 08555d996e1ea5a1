/**
 * The text that `up` prints once: the address of the metrics, and how to get them. Pure.
 */

export interface WhereToLook {
  /** Address of the monitor: `http://host:port`, `https://host:port` or `unix://path`. */
  readonly url: string;
  readonly roots: readonly string[];
  /** The shell command that starts kata-metrics in the current directory. */
  readonly selfCommand: string;
  readonly emphasize: (text: string) => string;
  /** Sockets of the guests' debug consoles. */
  readonly consoles?: readonly string[];
  /** Directory of the Grafana dashboards; undefined if the package does not contain it. */
  readonly dashboards?: string | undefined;
  /** URL of the Prometheus that runs next to the monitor. */
  readonly prometheusUrl?: string | undefined;
}

/** The first line that `up` prints. `pageUrl`: address of the page; undefined if a browser cannot open it. */
export function formatFirstLine(
  { url, pageUrl }: { readonly url: string; readonly pageUrl: string | undefined },
  emphasize: (text: string) => string,
): string {
  return pageUrl === undefined
    ? `Metrics: ${emphasize(toSocketPath(url) ?? `${toReachableUrl(url)}/metrics`)}\n`
    : `Open ${emphasize(`${toReachableUrl(pageUrl)}/`)} in a browser\n`;
}

export function formatWhereToLook(where: WhereToLook): string {
  const { url, roots, selfCommand, emphasize, consoles = [], dashboards, prometheusUrl } = where;
  const socketPath = toSocketPath(url);
  const reachable = socketPath === undefined ? toReachableUrl(url) : 'http://localhost';
  const curl = socketPath === undefined ? 'curl' : `curl --unix-socket ${socketPath}`;
  return `
${emphasize(`Metrics of the sandboxes in ${roots.join(' and ')}:`)}

  ${emphasize(socketPath ?? `${reachable}/metrics`)}

  ${curl} ${reachable}/metrics
  ${curl} '${reachable}/metrics?filter_family=kata_guest_load'
  ${selfCommand} ls ${roots.map((root) => `--sandboxes-root ${root}`).join(' ')}
${formatConsoles(consoles)}${formatPrometheus(socketPath, reachable, prometheusUrl)}${formatDashboards(dashboards)}
Press Ctrl-C to stop.

`;
}

/** Returns one command for each guest. It uses socat, a separate Debian package. */
function formatConsoles(paths: readonly string[]): string {
  return paths.length === 0
    ? ''
    : `
Root shells of the guests, after they have booted (Enter shows the prompt, Ctrl-] exits; Debian package: socat):

${paths.map((path) => `  socat -,raw,echo=0,escape=0x1d UNIX-CONNECT:${path}\n`).join('')}`;
}

/** Prometheus cannot scrape Unix sockets. */
function formatPrometheus(socketPath: string | undefined, url: string, prometheusUrl: string | undefined): string {
  if (prometheusUrl !== undefined) {
    return `
Prometheus, with the rules and alerts of this package:

  ${prometheusUrl}/graph?g0.expr=kata_sandbox_memory_working_set_bytes&g0.tab=0
  ${prometheusUrl}/alerts
`;
  }
  return socketPath === undefined ? formatScrapeConfig(url) : '';
}

function formatDashboards(directory: string | undefined): string {
  return directory === undefined
    ? ''
    : `
Dashboards for Grafana: ${directory}/kata-fleet.json and kata-sandbox.json
`;
}

function formatScrapeConfig(url: string): string {
  const { protocol, host } = new URL(url);
  return `
Prometheus:

  scrape_configs:
    - job_name: kata
${protocol === 'https:' ? '      scheme: https\n' : ''}      static_configs: [{ targets: ['${host}'] }]
`;
}

/** A server that listens on every address is reachable on this machine at 127.0.0.1; `[::]` accepts IPv4 too. */
export function toReachableUrl(url: string): string {
  return url.replace(/^(https?):\/\/(?:\[::\]|0\.0\.0\.0):/, '$1://127.0.0.1:');
}

/** Undefined for a URL that is not a Unix socket. */
export function toSocketPath(url: string): string | undefined {
  return /^unix:\/\/(\/.+)$/.exec(url)?.[1];
}
