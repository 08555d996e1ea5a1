/**
 * The sandboxes that are on this node now, and how they are.
 */
import { access, constants, stat } from 'node:fs/promises';
import { hasGuestSamples } from '../derived-metrics/index.ts';
import { scan } from '../exposition/index.ts';
import { Discovery, type Sandbox } from '../sandboxes/index.ts';
import { getFromShim, type ShimAnswer } from '../shim-client/index.ts';
import { type GuestState, guestState, hasAgentVersion } from './guest-state.ts';

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
  /** Roots that are there and cannot be looked into, with the system's code. */
  readonly unreadable: readonly { readonly root: string; readonly code: string }[];
}

/** A root that is not there holds no sandboxes, which is no error. */
export async function listSandboxes(roots: readonly string[]): Promise<NodeSandboxes> {
  const discovery = new Discovery({ roots });
  try {
    const sandboxes = await discovery.refresh();
    const states = discovery.roots().filter(({ look }) => look === 'unreadable');
    return { sandboxes, unreadable: states.map(({ root, code = 'unknown' }) => ({ root, code })) };
  } finally {
    discovery.close();
  }
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
  return { sandbox, state: toGuestState(await getFromShim({ socketPath, ...metrics }), ageSeconds), ageSeconds };
}

type FailureReason = Extract<ShimAnswer, { kind: 'failed' }>['reason'];

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

/** Of a shim that responds. The Go runtime's waits for its agent for as long as the client waits for it. */
function toGuestState(answer: ShimAnswer, ageSeconds: number | undefined): SandboxState {
  if (answer.kind === 'failed' && answer.reason !== 'timeout') {
    return 'broken';
  }
  const body = answer.kind === 'ok' ? answer.body : (answer.partialBody ?? Buffer.alloc(0));
  const scanned = scan(body, { isPartial: answer.kind === 'failed' });
  const hasResponded = hasAgentVersion(scanned);
  return guestState({ isGuestUp: hasGuestSamples(scanned), hasResponded, ageSeconds });
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
