/**
 * A sandbox in the file system, and the directories in which sandboxes are searched.
 */
import { join } from 'node:path';

/** The Kata runtime that keeps its sandboxes in a root. */
export type SandboxRuntime = 'go' | 'runtime-rs';

export interface Sandbox {
  readonly id: string;
  /** The root it was found in, absolute. */
  readonly root: string;
  /** `<root>/<id>`. */
  readonly directory: string;
  /** Path of the socket of the shim's management server. It may not exist yet, or no longer. */
  readonly socketPath: string;
  /** Undefined in a root that no runtime uses by default. */
  readonly runtime: SandboxRuntime | undefined;
  /** When discovery first saw the directory, milliseconds since the epoch. */
  readonly firstSeenMs: number;
}

const runtimeOfRoot: ReadonlyMap<string, SandboxRuntime> = new Map([
  ['/run/vc/sbs', 'go'],
  ['/run/kata', 'runtime-rs'],
]);

/** Roots of the Go runtime and of runtime-rs. A sandbox that is in both belongs to the first one. */
export const defaultSandboxesRoots: readonly string[] = [...runtimeOfRoot.keys()];

/** The socket that every Kata runtime makes in a sandbox's directory. */
const SHIM_SOCKET_NAME = 'shim-monitor.sock';

/** `id` must have passed `isId`. */
export function sandboxIn(root: string, id: string, firstSeenMs: number): Sandbox {
  const directory = join(root, id);
  return {
    id,
    root,
    directory,
    socketPath: join(directory, SHIM_SOCKET_NAME),
    runtime: runtimeOfRoot.get(root),
    firstSeenMs,
  };
}
