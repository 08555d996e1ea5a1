/**
 * A panel of deploy/grafana: what it queries, its unit, and for which runtimes it stays empty, with the reason. dashboards.ts makes
 * the JSON of it; test/system/monitoring.test.ts runs each query.
 */

/** What the proof of the panels scrapes: bodies of the other two runtimes, and sandboxes of kata-shim that run. */
export type Source = 'Go' | 'Go with a hypervisor' | 'kata-shim' | 'kata-shim process' | 'runtime-rs';

export interface Query {
  /** With the variables of the dashboard, as in `instance=~"$node"`. */
  readonly expression: string;
  readonly legend: string;
  /** A limit: drawn as a dashed line. */
  readonly isLimit?: boolean;
  /** Why there is no data of it from a source. */
  readonly emptyFor?: Readonly<Partial<Record<Source, string>>>;
  /** The reasons of `emptyFor` hold on some hosts only. */
  readonly dependsOnHost?: boolean;
}

export interface Panel {
  readonly title: string;
  readonly kind: 'stat' | 'table' | 'timeseries';
  /** As Grafana names them. */
  readonly unit: 'bytes' | 'Bps' | 'ops' | 'percentunit' | 's' | 'short';
  readonly description: string;
  readonly queries: readonly Query[];
}

export const ofNode = 'cluster=~"$cluster",instance=~"$node"';
export const ofPods = `${ofNode},cri_namespace=~"$namespace"`;
export const ofSandbox = `${ofPods},cri_name=~"$pod",sandbox_id=~"$sandbox"`;

const sources: readonly Source[] = ['Go', 'Go with a hypervisor', 'kata-shim', 'kata-shim process', 'runtime-rs'];

/** One reason for all sources but those of `except`, which have another one or none. */
export function everySource(
  reason: string,
  except: Partial<Record<Source, string | undefined>> = {},
): NonNullable<Query['emptyFor']> {
  const reasons = sources.map((source) => [source, source in except ? except[source] : reason] as const);
  return Object.fromEntries(reasons.filter(([, text]) => text !== undefined));
}
