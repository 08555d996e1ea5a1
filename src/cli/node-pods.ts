/**
 * What the container manager of this node knows, asked once for a command.
 */
import { CriError, CriLink, type CriPod, type CriUse } from '../cri/index.ts';
import { systemClock } from '../program/index.ts';
import { toCriSocketPaths } from '../settings/monitor.ts';

/** A container manager answers within milliseconds; a person waits no longer than this for one that hangs. */
const TIMEOUT_MS = 2000;

export interface NodePods {
  /** By the id of the pod's sandbox; empty where the container manager does not answer. */
  readonly pods: ReadonlyMap<string, CriPod>;
  /** Why it does not answer. */
  readonly problem: string | undefined;
}

/** Where nobody has been asked. */
export const noPods: NodePods = { pods: new Map(), problem: undefined };

/** Never rejects: without a container manager sandboxes have ids and no names. */
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
 * `runtimeEndpoint`: as the option has it; undefined for the known sockets.
 * @throws {CriError} also when no container manager answers; whatever `work` throws
 * @throws {OptionError} when the option names no socket
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

/** What a person calls a pod: `namespace/name`. */
export function podPath({ namespace, name }: CriPod): string {
  return `${namespace}/${name}`;
}
