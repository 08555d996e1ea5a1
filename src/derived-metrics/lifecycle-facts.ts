/**
 * Facts in a body about the life of its sandbox: its start, whether it is paused, and whether its counters have started
 * again. Which lines contain them is determined once per form. Pure.
 */
import { type BodyForm, readNumber, readSampleLine, type Scan } from '../exposition/index.ts';
import { hasAgentVersion, PAUSED_FAMILY } from './guest-state.ts';

/** Undefined for what the shim does not report. Only finite numbers from 0 on. */
export interface LifecycleFacts {
  /** When the process of the shim was started, in seconds since 1970. */
  readonly shimStartSeconds: number | undefined;
  readonly guestUptimeSeconds: number | undefined;
  /** CPU time of the guest since it was started. */
  readonly guestCpuSeconds: number | undefined;
  readonly isPaused: boolean;
  /** Time from the start of the shim until the agent was ready. */
  readonly agentReadySeconds: number | undefined;
  /** Time from the start of the shim until the first container was started. */
  readonly firstContainerSeconds: number | undefined;
  /** Panics of the kernel of the guest since the shim was started. */
  readonly panics: number | undefined;
  /** Resets of the virtual machine since the shim was started. */
  readonly resets: number | undefined;
  /** Processes that the kernel of the guest has killed because memory ran out. */
  readonly oomKills: number | undefined;
  /** Whether the shim knows the version of its agent: after the first response. Other runtimes do not report it. */
  readonly hasAgentVersion: boolean;
}

type NumberName = {
  [K in keyof LifecycleFacts]: LifecycleFacts[K] extends number | undefined ? K : never;
}[keyof LifecycleFacts];

type Fact = NumberName | 'paused';

/** The fact of a family, or of its lines by a label. */
type Source = Fact | { readonly label: string; readonly facts: Readonly<Record<string, Fact>> };

/** Lines of a family that are looked at for a label; QEMU has 5 kinds of events. */
const MAX_LINES = 32;
const SANDBOX_INFO = 'kata_shim_sandbox_info';

/** Sources by the name of the family in the body. */
const sources: ReadonlyMap<string, Source> = new Map<string, Source>([
  ['kata_shim_process_start_time_seconds', 'shimStartSeconds'],
  ['process_start_time_seconds', 'shimStartSeconds'],
  [PAUSED_FAMILY, 'paused'],
  ['kata_shim_agent_ready_seconds', 'agentReadySeconds'],
  ['kata_shim_first_container_seconds', 'firstContainerSeconds'],
  ['kata_hypervisor_guest_events_total', { label: 'event', facts: { panicked: 'panics', reset: 'resets' } }],
]);

/** Sources by the name of the derived metric. */
const derivedSources: ReadonlyMap<string, Source> = new Map<string, Source>([
  ['kata_sandbox_guest_uptime_seconds', 'guestUptimeSeconds'],
  ['kata_sandbox_cpu_usage_seconds_total', 'guestCpuSeconds'],
  ['kata_sandbox_oom_kills_total', 'oomKills'],
]);

/** Families that a filter must not drop, in addition to those that other metrics are derived from. */
export const lifecycleInputs: readonly string[] = [SANDBOX_INFO, ...sources.keys()];

interface FactLines {
  readonly lines: readonly (readonly [fact: Fact, line: number])[];
  readonly hasAgentVersion: boolean;
}

const knownLines = new WeakMap<BodyForm, FactLines>();

/** `scanned`: the families of the shim. `derived`: the metrics derived from them. */
export function readLifecycleFacts(scanned: Scan, derived: Scan): LifecycleFacts {
  const ofBody = linesOf(scanned, sources);
  const found: { [K in Fact]?: number } = {};
  readInto(found, scanned, ofBody);
  readInto(found, derived, linesOf(derived, derivedSources));
  return {
    shimStartSeconds: found.shimStartSeconds,
    guestUptimeSeconds: found.guestUptimeSeconds,
    guestCpuSeconds: found.guestCpuSeconds,
    isPaused: found.paused === 1,
    agentReadySeconds: found.agentReadySeconds,
    firstContainerSeconds: found.firstContainerSeconds,
    panics: found.panics,
    resets: found.resets,
    oomKills: found.oomKills,
    hasAgentVersion: ofBody.hasAgentVersion,
  };
}

function readInto(found: { [K in Fact]?: number }, { values }: Scan, { lines }: FactLines): void {
  for (const [fact, line] of lines) {
    const value = readNumber(values, line);
    if (Number.isFinite(value) && value >= 0) {
      found[fact] ??= value;
    }
  }
}

function linesOf(scanned: Scan, table: ReadonlyMap<string, Source>): FactLines {
  let known = knownLines.get(scanned.form);
  if (known === undefined) {
    known = findLines(scanned, table);
    knownLines.set(scanned.form, known);
  }
  return known;
}

function findLines(scanned: Scan, table: ReadonlyMap<string, Source>): FactLines {
  const lines: (readonly [Fact, number])[] = [];
  for (const { name, segments } of scanned.form.families) {
    const source = table.get(name);
    const [segment] = segments;
    if (source === undefined || segment === undefined) {
      continue;
    }
    if (typeof source === 'string') {
      lines.push([source, segment.from]);
      continue;
    }
    for (let line = segment.from; line < Math.min(segment.to, segment.from + MAX_LINES); line++) {
      const value = readSampleLine(scanned, line).labels.find(([label]) => label === source.label)?.[1] ?? '';
      const fact = Object.hasOwn(source.facts, value) ? source.facts[value] : undefined;
      if (fact !== undefined) {
        lines.push([fact, line]);
      }
    }
  }
  return { lines, hasAgentVersion: hasAgentVersion(scanned) };
}
