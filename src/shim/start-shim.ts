/**
 * Starts the shim of one sandbox: its directory, hypervisor, connection to the agent, and management server. Called by the
 * program and by tests. When a step fails, everything created before it is removed.
 */
import { performance } from 'node:perf_hooks';
import {
  type CollectorProblem,
  type RuntimeObserver,
  readPageSizeBytes,
  startRuntimeObserver,
  toSandboxFamilies,
  VcpuWaitCollector,
} from '../collectors/index.ts';
import { contentTypes } from '../exposition/index.ts';
import { isMailboxOpen, type PodNames } from '../last-words/index.ts';
import { createProcfs, keepOpen, type Procfs, SkippedLines } from '../procfs/index.ts';
import type { Log } from '../program/index.ts';
import { dial, formatAddress } from '../transport/index.ts';
import { AgentLink } from './agent/agent-link.ts';
import { type ContainerStatsOptions, queryContainers, renderContainers } from './agent/container-stats.ts';
import { GuestExporters } from './agent/guest-exporters.ts';
import { AttachedEnd } from './end/attached-end.ts';
import { prepareGuardWords } from './end/guard-words.ts';
import { LastReading } from './end/last-reading.ts';
import { renderDebugVars } from './http/debug-vars.ts';
import { type Routes, startManagementServer } from './http/management-server.ts';
import { MetricsPage } from './http/metrics-page.ts';
import { describeSandbox } from './http/sandbox-info.ts';
import type { Hypervisor, OpenHypervisor, SandboxEnd } from './hypervisors/hypervisor.ts';
import { limitLog } from './limited-log.ts';
import { OverheadMeter } from './overhead/overhead-meter.ts';
import {
  addTo,
  type CgroupPlan,
  type EnteredCgroup,
  enterCgroup,
  enterShimCgroup,
  prepareCgroup,
} from './overhead/prepare-cgroup.ts';
import type { SandboxCgroup } from './overhead/sandbox-cgroup.ts';
import { type CleanUp, startOrCleanUp } from './processes/clean-up.ts';
import { type Guard, startGuard } from './processes/guard.ts';
import { type HostProcess, identifyProcess } from './processes/host-processes.ts';
import { openSandboxDirectory } from './sandbox-directory.ts';
import { createShimCounters, type ShimCounters } from './shim-counters.ts';

export interface ShimOptions {
  readonly sandboxId: string;
  readonly root: string;
  readonly openHypervisor: OpenHypervisor;
  /** The cgroup that measures the sandbox, where there can be one. */
  readonly cgroup: CgroupPlan;
  /** The pod, where a runtime knows it. */
  readonly pod?: PodNames;
  /** Whether the shim ends only when the sandbox does: then it leaves the final values for the monitor. */
  readonly hasLastWords: boolean;
  /** Whether another program runs the sandbox, which continues without the shim. Default: false. */
  readonly isAttached?: boolean;
  /** Whether this process exits when the shim is closed: the CPU time of its exit is then in the final values. */
  readonly isWholeProcess?: boolean;
  /** Ids of the containers in the guest. May change while the shim runs. */
  readonly containerIds: readonly string[];
  /** The time for the agent within one request. */
  readonly agentTimeoutMs: number;
  readonly hasGoFamilies: boolean;
  /** Whether a process in the host's network namespace exposes all interfaces of that namespace. */
  readonly hasAllInterfaces: boolean;
  readonly log: Log;
}

export interface RunningShim {
  readonly socketPath: string;
  readonly hypervisor: Hypervisor;
  readonly counters: ShimCounters;
  /** Resolves when the sandbox has ended by itself. */
  readonly ended: Promise<SandboxEnd>;
  /** Ends everything that was started and removes everything that was created. Can be called again. */
  close(): Promise<void>;
}

/** @throws {TypeError} for a bad id, a TransportError when another shim has the socket, or the system's error. */
export function startShim({ log, ...others }: ShimOptions): Promise<RunningShim> {
  const options = { ...others, log: limitLog(log) };
  return startOrCleanUp(options.log, (undo) => start(options, undo));
}

async function start(options: ShimOptions, undo: CleanUp): Promise<RunningShim> {
  const { log } = options;
  const directory = await openSandboxDirectory(options.root, options.sandboxId);
  undo.add(() => directory.remove());
  // When all else has ended; by then the cgroup has been read. The monitor notices that the directory is gone.
  let lastReading: LastReading | undefined;
  let attachedEnd: AttachedEnd | undefined;
  let guard: Guard | undefined;
  let shimCgroup: EnteredCgroup | undefined;
  undo.add(async () => {
    await lastReading?.leave(guard);
    await attachedEnd?.leave();
    await endGuard(guard, shimCgroup);
  });
  // First: while another shim of this sandbox runs, nothing may be started. Requests wait until the start is complete.
  const started = Promise.withResolvers<Serving>();
  started.promise.catch(() => undefined);
  const server = await startManagementServer(directory.managementSocket, createRoutes(started.promise), (path, error) =>
    log.error(`Cannot serve "${path}": ${String(error)}`),
  );
  undo.add(() => server.close());
  try {
    const skipped = new SkippedLines(log.warn);
    const procfs = keepOpen(createProcfs('/proc', skipped));
    undo.add(() => procfs.descriptors?.close());
    const plan = planCgroup(options);
    const startedMs = Date.now();
    const cgroup = await prepareCgroup({
      plan,
      procfs,
      sandboxId: options.sandboxId,
      directoryPath: directory.path,
      log,
    });
    undo.add(() => cgroup?.remove());
    const wantsWords = options.hasLastWords && cgroup !== undefined && isMailboxOpen(options.root);
    shimCgroup = wantsWords ? await enterShimCgroup({ ...options, procfs, directoryPath: directory.path }) : undefined;
    const countedNs = wantsWords ? await readCountedNs(cgroup) : 0;
    const words = wantsWords ? prepareGuardWords({ ...options, cgroup, shimCgroup, countedNs, startedMs }) : undefined;
    const hypervisor = await options.openHypervisor({
      directory,
      log,
      onProcess: addTo(cgroup, log),
      onWorkload: addTo(cgroup?.workload, log),
      hasCgroup: (cgroup?.directories.length ?? 0) > 0,
      startGuard: (files) => {
        const leftovers = [...files, ...(cgroup?.directories ?? [])];
        guard = startGuard({ marker: directory.path, leftovers, words });
        return guard;
      },
    });
    attachedEnd = options.isAttached
      ? new AttachedEnd({ ...options, hypervisorPid: hypervisor.pid, cgroup })
      : undefined;
    const shimSecondsOutside = enterCgroup(cgroup, plan, log);
    lastReading = options.hasLastWords
      ? new LastReading({
          ...options,
          procfs,
          hypervisor,
          cgroup,
          shimSecondsOutside,
          shimCgroup,
          countedNs,
          startedMs,
        })
      : undefined;
    undo.add(() => lastReading?.readAfter());
    undo.add(() => hypervisor.stop());
    // Before the hypervisor stops: a guard may wait for an empty cgroup, and would wait for this process.
    undo.add(() => {
      lastReading?.noteLeaving();
      cgroup?.leave();
      if (shimSecondsOutside !== undefined) {
        shimCgroup?.enter();
      }
    });
    const counters = createShimCounters();
    void hypervisor.agentOpened?.then(counters.observeAgentReady);
    const ofOverhead = plan.kind === 'make' && plan.hasWorkload ? undefined : cgroup;
    const parts = { procfs, skipped, hypervisor, cgroup: ofOverhead, counters, lastReading };
    started.resolve(await startServing(options, parts, undo));
    // Closed first, so that no client sees a sandbox that is being removed.
    undo.add(() => server.close());
    return {
      socketPath: directory.managementSocket,
      hypervisor,
      counters,
      ended: hypervisor.ended,
      close: () => undo.run(),
    };
  } catch (error) {
    started.reject(error);
    throw error;
  }
}

/** Ends the guard, unless it leaves last words when this process exits: it then continues until that exit. */
async function endGuard(guard: Guard | undefined, shimCgroup: EnteredCgroup | undefined): Promise<void> {
  if (guard?.hasWords !== true) {
    await guard?.end({ keepsCgroups: true });
    if (shimCgroup !== undefined) {
      shimCgroup.leave();
      shimCgroup.remove();
    }
  }
}

const NS_PER_MS = 1e6;

/** CPU time that the cgroup has counted before: not 0 if a shim that was killed has left it. */
async function readCountedNs(cgroup: SandboxCgroup | undefined): Promise<number> {
  const { cpuMs } = (await cgroup?.readUse()) ?? {};
  return [...(cpuMs?.values() ?? [])].reduce((sum, ms) => sum + ms * NS_PER_MS, 0);
}

/** Dependencies of the routes. */
interface Serving {
  readonly page: MetricsPage;
  readonly exporters: GuestExporters;
  readonly runtime: RuntimeObserver;
  readonly agentUrl: string;
  readonly containers: ContainerStatsOptions;
}

/** The parts of the sandbox, before it is served. */
interface Sandbox {
  readonly procfs: Procfs;
  /** Counts of what the readers of `procfs` and of the cgroup have skipped. */
  readonly skipped: SkippedLines;
  readonly hypervisor: Hypervisor;
  readonly cgroup: SandboxCgroup | undefined;
  readonly counters: ShimCounters;
  readonly lastReading: LastReading | undefined;
}

/** A cgroup of the workload alone is made only for its last words. */
function planCgroup({ cgroup, root, hasLastWords }: ShimOptions): CgroupPlan {
  const isWanted = hasLastWords && isMailboxOpen(root);
  return cgroup.kind === 'make' && cgroup.hasWorkload && !isWanted ? { kind: 'none' } : cgroup;
}

function createRoutes(serving: Promise<Serving>): Routes {
  return {
    '/metrics': async () => ({ contentType: contentTypes.text, body: await (await serving).page.render() }),
    '/agent-url': async () => ({ contentType: 'text/plain; charset=utf-8', body: (await serving).agentUrl }),
    '/containers': async () => ({
      contentType: 'application/json; charset=utf-8',
      body: renderContainers(await queryContainers((await serving).containers)),
    }),
    '/guest-exporter': async (target) => (await serving).exporters.render(target),
    '/debug/vars': async () => ({
      contentType: 'application/json; charset=utf-8',
      body: renderDebugVars((await serving).runtime),
    }),
  };
}

async function startServing(
  { agentTimeoutMs, hasGoFamilies, hasAllInterfaces, containerIds, log }: ShimOptions,
  { procfs, skipped, hypervisor, cgroup, counters, lastReading }: Sandbox,
  undo: CleanUp,
): Promise<Serving> {
  const now = (): number => performance.now();
  const runtime = startRuntimeObserver();
  undo.add(() => runtime.stop());
  let agentVersion: string | undefined;
  const agent = new AgentLink({
    address: hypervisor.agentAddress,
    isThere: hypervisor.isAgentThere ?? (() => true),
    dial,
    now,
    random: Math.random,
    onRpc: counters.observeAgentRpc,
    onIntroduced: ({ version, isServing }) => {
      agentVersion = version;
      log.info(`Connected to agent version "${version}"${isServing ? '' : ', which is not serving yet'}`);
    },
  });
  undo.add(() => agent.close());
  undo.add(() => lastReading?.readBefore(agent));
  const processes = await identifyAll(procfs, hypervisor);
  const containers = { agent, ids: containerIds, timeoutMs: agentTimeoutMs };
  const onProblem = ({ collector, message }: CollectorProblem): void =>
    log.debug(`Collector "${collector}": ${message}`);
  const overhead = new OverheadMeter({
    procfs,
    hostProcesses: () => [...processes, ...hypervisor.otherPids().map((pid) => ({ pid }))],
    cgroup,
    guestUse: hypervisor.guestUse,
    containers,
    now,
    onProblem,
    onLoss: (reason) =>
      reason === undefined
        ? log.info('Resumed measuring the pod overhead')
        : log.warn(`Cannot measure the pod overhead: ${reason}`),
  });
  const page = new MetricsPage({
    procfs,
    skipped,
    pageSizeBytes: readPageSizeBytes(),
    runtime,
    agent,
    agentTimeoutMs,
    counters,
    processes,
    overhead,
    hypervisorCollectors: [
      { name: 'sandbox-info', collect: async () => [describeSandbox(hypervisor.identity, agentVersion)] },
      ...(cgroup === undefined
        ? []
        : [{ name: 'sandbox-cgroup', collect: () => toSandboxFamilies(cgroup.readLimits()), canBeEmpty: true }]),
      ...hypervisor.collectors,
    ],
    isPaused: hypervisor.isPaused,
    hasGoFamilies,
    hasAllInterfaces,
    onProblem,
  });
  const exporters = new GuestExporters({ agent, timeoutMs: agentTimeoutMs, onProblem });
  return { page, exporters, runtime, agentUrl: formatAddress(hypervisor.agentAddress), containers };
}

function identifyAll(procfs: Procfs, { identity, pid, virtiofsdPid }: Hypervisor): Promise<HostProcess[]> {
  const vcpus = identity.hypervisor === 'process' ? {} : { vcpus: new VcpuWaitCollector() };
  const processes = [
    identifyProcess(procfs, 'kata_shim_', process.pid),
    identifyProcess(procfs, 'kata_hypervisor_', pid).then((hypervisor) => ({ ...hypervisor, ...vcpus })),
    ...(virtiofsdPid === undefined ? [] : [identifyProcess(procfs, 'kata_virtiofsd_', virtiofsdPid)]),
  ];
  return Promise.all(processes);
}
