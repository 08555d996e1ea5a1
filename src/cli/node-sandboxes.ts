/**
 * The current sandboxes of this node, and their states.
 */
import { lstatSync } from 'node:fs';
import { access, constants, stat } from 'node:fs/promises';
import type { GuestState } from '../derived-metrics/guest-state.ts';
import { Discovery, defaultSandboxesRoots, findSocketFault, type Sandbox } from '../sandboxes/index.ts';
import { getFromShim, type ShimResult } from '../shim-client/index.ts';

/**
 * In addition to the states of a guest whose shim responds: `starting`: the shim does not respond yet, and the directory is
 * young. `stale`: no shim listens. `denied`: this user has no permission. `unresponsive`: the shim does not respond in time.
 * `broken`: its response is not valid, or its socket is not safe to connect to.
 */
export type SandboxState = GuestState | 'broken' | 'denied' | 'stale' | 'starting' | 'unresponsive';

export interface SandboxStatus {
  readonly sandbox: Sandbox;
  readonly state: SandboxState;
  /** Since its directory was created. */
  readonly ageSeconds: number | undefined;
}

/** A healthy shim responds within milliseconds. */
const SHIM_TIMEOUT_MS = 1000;
/** The shim waits for its agent first: 2 s by default with kata-shim. */
const METRICS_TIMEOUT_MS = 3000;
/** A runtime creates the directory first and the socket seconds later. */
const STARTING_SECONDS = 30;
const MAX_ADDRESS_BYTES = 4096;
/** More than the default of the monitor (--max-body-bytes). */
const MAX_METRICS_BYTES = 16 * 1024 * 1024;

export interface NodeSandboxes {
  /** Sorted by id. */
  readonly sandboxes: readonly Sandbox[];
  /** Roots that cannot be read, with the error code of the system. */
  readonly unreadable: readonly UnreadableRoot[];
}

export interface UnreadableRoot {
  readonly root: string;
  readonly code: string;
}

const faults: Readonly<Record<string, string>> = {
  EACCES: 'this user has no permission',
  ENOENT: 'it does not exist',
  ENOTDIR: 'it is not a directory',
  EPERM: 'this user has no permission',
};

/** `Cannot read the sandboxes in "/a": it does not exist; in "/b": EIO`. */
export function describeUnreadable(roots: readonly UnreadableRoot[]): string {
  return `Cannot read the sandboxes in ${roots.map(({ root, code }) => `"${root}": ${faults[code] ?? code}`).join('; in ')}`;
}

/** A missing default root has no sandboxes, which is not an error; a missing root of the option is one. */
export async function listSandboxes(roots: readonly string[]): Promise<NodeSandboxes> {
  const discovery = new Discovery({ roots });
  try {
    const sandboxes = await discovery.refresh();
    const unreadable = discovery.roots().flatMap(({ root, look, code = 'unknown' }): UnreadableRoot[] => {
      const isMissing = look === 'missing' && !defaultSandboxesRoots.includes(root);
      return isMissing ? [{ root, code: missingCode(root) }] : look === 'unreadable' ? [{ root, code }] : [];
    });
    return { sandboxes, unreadable };
  } finally {
    discovery.close();
  }
}

function missingCode(root: string): string {
  return lstatSync(root, { throwIfNoEntry: false }) === undefined ? 'ENOENT' : 'ENOTDIR';
}

export async function readStatus(sandbox: Sandbox): Promise<SandboxStatus> {
  const ageSeconds = await readAgeSeconds(sandbox.directory);
  const { socketPath } = sandbox;
  if (findSocketFault(sandbox) !== undefined) {
    return { sandbox, state: (await isAllowed(socketPath)) ? 'broken' : 'denied', ageSeconds };
  }
  const address = { path: '/agent-url', timeoutMs: SHIM_TIMEOUT_MS, maxBytes: MAX_ADDRESS_BYTES } as const;
  const response = await getFromShim({ socketPath, ...address });
  if (response.kind === 'failed') {
    return { sandbox, state: await toShimState(response.reason, sandbox, ageSeconds), ageSeconds };
  }
  const metrics = { path: '/metrics', timeoutMs: METRICS_TIMEOUT_MS, maxBytes: MAX_METRICS_BYTES } as const;
  const { readGuestState } = await import('./read-guest-state.ts');
  return { sandbox, state: readGuestState(await getFromShim({ socketPath, ...metrics }), ageSeconds), ageSeconds };
}

type FailureReason = Extract<ShimResult, { kind: 'failed' }>['reason'];

async function toShimState(
  reason: FailureReason,
  { socketPath }: Sandbox,
  ageSeconds = STARTING_SECONDS,
): Promise<SandboxState> {
  const isYoung = ageSeconds < STARTING_SECONDS;
  switch (reason) {
    case 'missing':
      return isYoung ? 'starting' : 'stale';
    case 'refused':
      return (await isAllowed(socketPath)) ? 'stale' : 'denied';
    case 'timeout':
      // kata-shim listens first, and responds once its hypervisor runs.
      return isYoung ? 'starting' : 'unresponsive';
    default:
      return 'broken';
  }
}

/** Connecting to a socket requires write permission (unix(7)). */
async function isAllowed(socketPath: string): Promise<boolean> {
  try {
    await access(socketPath, constants.W_OK);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code !== 'EACCES' && code !== 'EPERM';
  }
}

async function readAgeSeconds(directory: string): Promise<number | undefined> {
  try {
    const { birthtimeMs, mtimeMs } = await stat(directory);
    return Math.max(0, (Date.now() - (birthtimeMs || mtimeMs)) / 1000);
  } catch {
    // Removed since it was listed.
    return undefined;
  }
}
