/**
 * The sandboxes that are on this node now, and how they are.
 */
import { access, constants, stat } from 'node:fs/promises';
import { Discovery, type Sandbox } from '../sandboxes/index.ts';
import { getFromShim } from '../shim-client/index.ts';

/**
 * `running`: its shim answers. `starting`: no socket yet, and the directory is young. `stale`: the directory is there, and
 * nobody listens. `denied`: this user may not ask. `hung`: it does not answer in time. `broken`: it answers with something
 * else.
 */
export type SandboxState = 'broken' | 'denied' | 'hung' | 'running' | 'stale' | 'starting';

export interface SandboxStatus {
  readonly sandbox: Sandbox;
  readonly state: SandboxState;
  /** Since its directory was made. */
  readonly ageSeconds: number | undefined;
}

/** A shim that is well answers within milliseconds. */
const ASK_TIMEOUT_MS = 1000;
/** A runtime makes the directory first and the socket seconds later. */
const STARTING_SECONDS = 30;
const MAX_ADDRESS_BYTES = 4096;

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
  const answer = await getFromShim({
    socketPath: sandbox.socketPath,
    path: '/agent-url',
    timeoutMs: ASK_TIMEOUT_MS,
    maxBytes: MAX_ADDRESS_BYTES,
  });
  if (answer.kind === 'ok') {
    return { sandbox, state: 'running', ageSeconds };
  }
  switch (answer.reason) {
    case 'missing':
      return { sandbox, state: (ageSeconds ?? STARTING_SECONDS) < STARTING_SECONDS ? 'starting' : 'stale', ageSeconds };
    case 'refused':
      return { sandbox, state: (await isAllowed(sandbox.socketPath)) ? 'stale' : 'denied', ageSeconds };
    case 'timeout':
      return { sandbox, state: 'hung', ageSeconds };
    default:
      return { sandbox, state: 'broken', ageSeconds };
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
