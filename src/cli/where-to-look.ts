/**
 * What `up` says once: where the metrics are, and how to get them. Pure.
 */

export interface WhereToLook {
  /** Of the monitor, as it listens. */
  readonly url: string;
  readonly roots: readonly string[];
  /** How a person at this place starts kata-metrics, as the shell reads it. */
  readonly selfCommand: string;
  readonly emphasize: (text: string) => string;
}

export function formatWhereToLook({ url, roots, selfCommand, emphasize }: WhereToLook): string {
  const reachable = toReachableUrl(url);
  const self = `${selfCommand} ls ${roots.map((root) => `--sandboxes-root ${root}`).join(' ')}`;
  return `
${emphasize(`Metrics of the sandboxes in ${roots.join(' and ')}:`)}

  ${emphasize(`${reachable}/metrics`)}

  curl ${reachable}/metrics
  curl '${reachable}/metrics?filter_family=kata_guest_load'
  ${self}

Prometheus:

  scrape_configs:
    - job_name: kata
      static_configs: [{ targets: ['${reachable.replace(/^http:\/\//, '')}'] }]

Ctrl-C ends it.

`;
}

/** Who listens on every address is reached on this machine under 127.0.0.1; `[::]` takes IPv4 too. */
export function toReachableUrl(url: string): string {
  return url.replace(/^http:\/\/(?:\[::\]|0\.0\.0\.0):/, 'http://127.0.0.1:');
}
