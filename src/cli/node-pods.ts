/**
 * The pods of this node, requested from the container manager once for each command.
 */
import { CriError, CriLink, type CriPod, type CriUse } from '../cri/index.ts';
import { systemClock } from '../program/index.ts';
import { toCriSocketPaths } from '../settings/monitor.ts';

/** A container manager responds within milliseconds; this is the wait for an unresponsive one. */
const TIMEOUT_MS = 2000;

export interface NodePods {
  /** Pods by the id of their sandbox; empty if the container manager does not respond. */
  readonly pods: ReadonlyMap<string, CriPod>;
  /** Why it does not respond. */
  readonly problem: string | undefined;
}

/** The value before any request. */
export const noPods: NodePods = { pods: new Map(), problem: undefined };

/** Never rejects: without a container manager, sandboxes have ids but no names. */
export async function readPods(runtimeEndpoint: string | undefined): Promise<NodePods> {
  try {
    const pods = await withContainerManager(runtimeEndpoint, ({ client, timeoutMs }) => client.listPods({ timeoutMs }));
    return { pods: new Map(pods.map((pod) => [pod.id, pod])), problem: undefined };
  } catch (error) {
    if (error instanceof CriError) {
      return { pods: new Map(), problem: error.message };
    }
    throw error;
  }
}

/**
 * `runtimeEndpoint`: value of the option; undefined for the default sockets.
 * @throws {CriError} also when no container manager responds; rethrows errors of `work`
 * @throws {OptionError} when the option is not a socket
 */
export async function withContainerManager<T>(
  runtimeEndpoint: string | undefined,
  work: (use: CriUse) => Promise<T>,
): Promise<T> {
  const socketPaths = toCriSocketPaths(runtimeEndpoint);
  const link = new CriLink({ socketPaths, clock: systemClock, callTimeoutMs: TIMEOUT_MS });
  try {
    await link.connect();
    return await link.use(work);
  } finally {
    link.close();
  }
}

/** The usual name of a pod: `namespace/name`. */
export function podPath({ namespace, name }: CriPod): string {
  return `${namespace}/${name}`;
}
