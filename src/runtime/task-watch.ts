/**
 * Waits for changes in a guest that no call of containerd has caused: exits of processes, the end of the guest, and OOM
 * kills. Each becomes an event of containerd.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '../program/index.ts';
import { TaskExitSchema, TaskOOMSchema, TaskStatus } from '../runtime-proto/index.ts';
import type { EventPublisher } from './events.ts';
import type { Sandbox } from './sandbox.ts';
import type { TaskList } from './task-list.ts';
import { LOST_STATUS, type TaskProcess } from './task-process.ts';

export interface WatchContext {
  readonly events: Pick<EventPublisher, 'publish'>;
  readonly log: Log;
  /** Default: a timer. */
  readonly pause?: (ms: number) => Promise<unknown>;
}

/** Time from the loss of the agent to the end of its sandbox. */
const LOST_GRACE_MS = 1_000;
/** Minimum time between two OOM events of a container. containerd records that there was one, not how many. */
const OOM_INTERVAL_MS = 1_000;
/** Pause after an event that is not published: a guest that always has one would keep this process busy. */
const OOM_PAUSE_MS = 20;

/** Waits for the end of a process in the guest, or of the guest. */
export async function watchProcess(
  sandbox: Sandbox,
  process: TaskProcess,
  eventId: string,
  { events, log }: WatchContext,
): Promise<void> {
  const { containerId, execId } = process.options;
  const status = await Promise.race([
    sandbox.agent.wait('waitProcess', { containerId, execId: execId || containerId }).then(
      (response) => response.status,
      async (error: unknown) => {
        log.warn(`Cannot wait for "${eventId}": ${String(error)}`);
        await Promise.race([sandbox.ended, sleep(LOST_GRACE_MS)]);
        return LOST_STATUS;
      },
    ),
    sandbox.ended.then(() => LOST_STATUS),
  ]);
  await process.starting;
  await process.finish(status);
  publishExit(events, process, eventId);
}

export function publishExit(events: WatchContext['events'], process: TaskProcess, id: string): void {
  const { pid, exitStatus, exitedAt } = process;
  const { containerId } = process.options;
  events.publish('/tasks/exit', TaskExitSchema, { containerId, id, pid, exitStatus, exitedAt });
}

/** Waits for the end of a sandbox that was not told to end, and ends the pod's own task with it. */
export async function watchSandbox(sandbox: Sandbox, tasks: TaskList, { events, log }: WatchContext): Promise<void> {
  const reason = await sandbox.ended;
  if (sandbox.isStopping) {
    return;
  }
  log.error(`Sandbox "${sandbox.id}" has ended: ${reason}`);
  await sandbox.stop(reason).catch((error: unknown) => log.error(`Cannot clean up: ${String(error)}`));
  for (const { init, isPod } of tasks.values()) {
    if (isPod && !init.isStopped) {
      init.stop(LOST_STATUS);
      publishExit(events, init, init.options.containerId);
    }
  }
}

/** Ids are checked, and events are few: a guest can only report its own containers, and not flood containerd. */
export async function watchOom(
  sandbox: Pick<Sandbox, 'agent'>,
  tasks: Pick<TaskList, 'get'>,
  { events, log, pause = sleep }: WatchContext,
): Promise<void> {
  const reportedMs = new WeakMap<TaskProcess, number>();
  try {
    for (;;) {
      const { containerId } = await sandbox.agent.wait('getOOMEvent', {});
      const init = tasks.get(containerId)?.init;
      const nowMs = performance.now();
      const isNews =
        init?.status === TaskStatus.RUNNING &&
        nowMs - (reportedMs.get(init) ?? Number.NEGATIVE_INFINITY) > OOM_INTERVAL_MS;
      if (isNews) {
        reportedMs.set(init, nowMs);
        events.publish('/tasks/oom', TaskOOMSchema, { containerId });
      } else {
        await pause(OOM_PAUSE_MS);
      }
    }
  } catch (error) {
    log.debug(`No more memory events: ${String(error)}`);
  }
}
