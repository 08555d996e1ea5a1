/**
 * Determines which exporters are read in which sandbox: those that the node allows, restricted or completed by the
 * annotation of the pod.
 *
 * The annotation lists names, each with an address if the node leaves it to the pod: `node,app=8080`. An empty annotation
 * selects none. Without the annotation, every exporter is read for which the node has an address.
 */
import { formatExporterPath, isExporterName, parseExporterAddress } from '../../guest-exporters/index.ts';
import type { Sandbox } from '../../sandboxes/index.ts';
import type { GuestExporter } from '../../settings/guest-exporters.ts';
import type { ShimPath } from '../../shim-client/index.ts';

/** One exporter of one sandbox, in the form in which the collector scrapes sandboxes; `id` is unique on this node. */
export interface ExporterTarget extends Sandbox {
  readonly sandboxId: string;
  readonly exporter: string;
  /** Whether the annotation of the pod names it. */
  readonly isNamed: boolean;
  readonly shimPath: ShimPath;
}

/** The exporters of one sandbox, and the items of the annotation that do not select any. */
export interface ExporterChoice {
  readonly targets: readonly ExporterTarget[];
  readonly refused: readonly string[];
}

/** Limit for one pod, because each exporter costs a request to the shim. */
const MAX_EXPORTERS_OF_POD = 16;

/** `annotation`: undefined if the pod has none, or is not known. */
export function chooseExporters(
  sandbox: Sandbox,
  allowed: ReadonlyMap<string, GuestExporter>,
  annotation: string | undefined,
): ExporterChoice {
  if (annotation === undefined) {
    const targets = [...allowed.values()].flatMap(({ name, address }) =>
      address === undefined ? [] : [toTarget(sandbox, name, address, false)],
    );
    return { targets, refused: [] };
  }
  const targets = new Map<string, ExporterTarget>();
  const refused: string[] = [];
  const items = annotation
    .split(',', MAX_EXPORTERS_OF_POD + 1)
    .map((item) => item.trim())
    .filter((item) => item !== '');
  for (const item of items) {
    const equals = item.indexOf('=');
    const name = equals < 0 ? item : item.slice(0, equals);
    const known = isExporterName(name) ? allowed.get(name) : undefined;
    // The address of the node wins: a pod must not redirect a name that has one on the node.
    const address = known?.address ?? (equals < 0 ? undefined : item.slice(equals + 1));
    const isUsable = known !== undefined && address !== undefined && parseExporterAddress(address) !== undefined;
    if (isUsable && targets.size < MAX_EXPORTERS_OF_POD) {
      targets.set(name, toTarget(sandbox, name, address, true));
    } else {
      refused.push(item);
    }
  }
  return { targets: [...targets.values()], refused };
}

function toTarget(sandbox: Sandbox, exporter: string, address: string, isNamed: boolean): ExporterTarget {
  const shimPath = formatExporterPath(exporter, address);
  return { ...sandbox, id: `${sandbox.id}/${exporter}`, sandboxId: sandbox.id, exporter, isNamed, shimPath };
}
