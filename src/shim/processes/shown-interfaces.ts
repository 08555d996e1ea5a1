/**
 * Selects the network interfaces of a process of the sandbox that have metrics: all of its own network namespace; in the
 * namespace of the host only the loopback and physical devices, because each sandbox would repeat the interfaces of all
 * others.
 */
import { existsSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

/** Whether an interface, by its name, has metrics. */
export type IsShownInterface = (name: string) => boolean;

export interface InterfaceRoots {
  /** Default: `/proc`. */
  readonly proc?: string;
  /** Default: `/sys`, which shows the interfaces of the host. */
  readonly sys?: string;
}

const LOOPBACK = 'lo';

/** Time for which a result is used: an interface can be replaced by another one with the same name. */
const KNOWN_MS = 60_000;

/** Returns the interfaces of the network namespace in which process `pid` is now. */
export function shownInterfacesOf(
  pid: number,
  { proc = '/proc', sys = '/sys' }: InterfaceRoots = {},
): IsShownInterface {
  return isInHostNamespace(pid, proc) ? (name) => name === LOOPBACK || isPhysical(name, sys) : () => true;
}

/**
 * Only root may look at process 1. Others know no better than the namespace in which they are themselves: a shim runs in
 * that of the host.
 */
function isInHostNamespace(pid: number, proc: string): boolean {
  const host = readHostNamespace(proc);
  const own = readNamespace(proc, String(pid));
  return host === undefined || own === undefined || own === host;
}

interface KnownNamespace {
  readonly proc: string;
  readonly name: string | undefined;
  readonly untilMs: number;
}

let knownNamespace: KnownNamespace | undefined;

function readHostNamespace(proc: string): string | undefined {
  const nowMs = performance.now();
  if (knownNamespace?.proc !== proc || nowMs >= knownNamespace.untilMs) {
    const name = readNamespace(proc, '1') ?? readNamespace(proc, 'self');
    knownNamespace = { proc, name, untilMs: nowMs + KNOWN_MS };
  }
  return knownNamespace.name;
}

/** Returns the namespace, such as `net:[4026531833]`; undefined without permission to read it. See namespaces(7). */
function readNamespace(proc: string, pid: string): string | undefined {
  try {
    return readlinkSync(join(proc, pid, 'ns/net'));
  } catch {
    return undefined;
  }
}

/**
 * Known interfaces by the path of their device. A node has an interface for each pod, and looking for the device of each
 * would be most of the cost of a scrape.
 */
const known = new Map<string, { readonly isThere: boolean; readonly untilMs: number }>();
/** More names than this in a minute are not remembered. */
const MAX_KNOWN = 4096;

/** A virtual interface, such as one end of a veth pair, a bridge or a tunnel, has no device. */
function isPhysical(name: string, sys: string): boolean {
  const device = `${sys}/class/net/${name}/device`;
  const nowMs = performance.now();
  const last = known.get(device);
  if (last !== undefined && nowMs < last.untilMs) {
    return last.isThere;
  }
  const isThere = existsSync(device);
  if (known.size >= MAX_KNOWN) {
    known.clear();
  }
  known.set(device, { isThere, untilMs: nowMs + KNOWN_MS });
  return isThere;
}
