/**
 * The sandboxes that are on this node now, and how they are.
 */
import { lstatSync } from 'node:fs';
import { access, constants, stat } from 'node:fs/promises';
import { Discovery, defaultSandboxesRoots, type Sandbox } from '../sandboxes/index.ts';
import { getFromShim, type ShimResult } from '../shim-client/index.ts';
import type { GuestState } from './guest-state.ts';

/**
 * Beside the states of a guest whose shim responds: `starting`: the shim does not respond yet, and the directory is young.
 * `stale`: no shim listens. `denied`: this user has no permission. `hung`: the shim does not respond in time. `broken`: it
 * responds with something else than metrics.
 */
export type SandboxState = GuestState | 'broken' | 'denied' | 'hung' | 'stale' | 'starting';

export interface SandboxStatus {
  readonly sandbox: Sandbox;
  readonly state: SandboxState;
  /** Since its directory was made. */
  readonly ageSeconds: number | undefined;
}

/** A healthy shim responds within milliseconds. */
const SHIM_TIMEOUT_MS = 1000;
/** Metrics take the shim as long as its agent may take: 2 s for kata-shim, where nothing else is set. */
const METRICS_TIMEOUT_MS = 3000;
/** A runtime makes the directory first and the socket seconds later. */
const STARTING_SECONDS = 30;
const MAX_ADDRESS_BYTES = 4096;
/** As the monitor reads by default. */
const MAX_METRICS_BYTES = 16 * 1024 * 1024;

export interface NodeSandboxes {
  /** By id. */
  readonly sandboxes: readonly Sandbox[];
  /** Roots that cannot be looked into, with the system's code. */
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

/** A known root that is not there holds no sandboxes, which is no error; one that was given is meant to be there. */
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
  const address = { path: '/agent-url', timeoutMs: SHIM_TIMEOUT_MS, maxBytes: MAX_ADDRESS_BYTES } as const;
  const answer = await getFromShim({ socketPath, ...address });
  if (answer.kind === 'failed') {
    return { sandbox, state: await toShimState(answer.reason, sandbox, ageSeconds), ageSeconds };
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
      // kata-shim listens first, and responds when its hypervisor runs.
      return isYoung ? 'starting' : 'hung';
    default:
      return 'broken';
  }
}

/** Connecting to a socket needs the permission to write to it (unix(7)). */
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
    // Gone since it was listed.
    return undefined;
  }
}
