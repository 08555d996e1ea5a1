/**
 * What `up` says once: where the metrics are, and how to get them. Pure.
 */

export interface WhereToLook {
  /** Of the monitor, as it listens: `http://host:port`, `https://host:port` or `unix://path`. */
  readonly url: string;
  readonly roots: readonly string[];
  /** How a person at this place starts kata-metrics, as the shell reads it. */
  readonly selfCommand: string;
  readonly emphasize: (text: string) => string;
  /** Sockets of the guests' debug consoles. */
  readonly consoles?: readonly string[];
}

export function formatWhereToLook({ url, roots, selfCommand, emphasize, consoles = [] }: WhereToLook): string {
  const socketPath = toSocketPath(url);
  const reachable = socketPath === undefined ? toReachableUrl(url) : 'http://localhost';
  const curl = socketPath === undefined ? 'curl' : `curl --unix-socket ${socketPath}`;
  return `
${emphasize(`Metrics of the sandboxes in ${roots.join(' and ')}:`)}

  ${emphasize(socketPath ?? `${reachable}/metrics`)}

  ${curl} ${reachable}/metrics
  ${curl} '${reachable}/metrics?filter_family=kata_guest_load'
  ${selfCommand} ls ${roots.map((root) => `--sandboxes-root ${root}`).join(' ')}
${formatConsoles(consoles)}${socketPath === undefined ? formatScrapeConfig(reachable) : ''}
Ctrl-C ends it.

`;
}

/** One command a guest; socat is a Debian package of its own. */
function formatConsoles(paths: readonly string[]): string {
  return paths.length === 0
    ? ''
    : `
Root shells of the guests, when they have booted (Enter shows the prompt, Ctrl-] leaves; Debian: socat):

${paths.map((path) => `  socat -,raw,echo=0,escape=0x1d UNIX-CONNECT:${path}\n`).join('')}`;
}

/** Prometheus itself knows no sockets in the file system. */
function formatScrapeConfig(url: string): string {
  const { protocol, host } = new URL(url);
  return `
Prometheus:

  scrape_configs:
    - job_name: kata
${protocol === 'https:' ? '      scheme: https\n' : ''}      static_configs: [{ targets: ['${host}'] }]
`;
}

/** Who listens on every address is reached on this machine under 127.0.0.1; `[::]` takes IPv4 too. */
export function toReachableUrl(url: string): string {
  return url.replace(/^(https?):\/\/(?:\[::\]|0\.0\.0\.0):/, '$1://127.0.0.1:');
}

/** Undefined for a URL that is no socket in the file system. */
export function toSocketPath(url: string): string | undefined {
  return /^unix:\/\/(\/.+)$/.exec(url)?.[1];
}
