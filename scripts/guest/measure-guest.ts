/**
 * Boots a guest and measures in it what the agent takes, beside a runtime that does nothing. Called by `npm run guest`, and
 * by the test that holds the agent to its limit.
 */
import type { GuestImage } from '../../src/shim/index.ts';
import { startVirtualSandbox, type VirtualSandbox } from '../../test/support/virtual-sandbox.ts';

export interface GuestMeasures {
  readonly accelerator: 'tcg';
  /** From the start of kata-shim. */
  readonly firstAnswerMs: number;
  readonly agent: Memory;
  readonly runtime: Memory;
}

export interface Memory {
  /** VmRSS of /proc/<pid>/status, see proc_pid_status(5). */
  readonly residentKib: number;
  readonly anonymousKib: number;
}

/** So that what grows with use has grown. */
const RESPONSES = 20;

/** The options of the agent's runtime, so that the difference is the agent; it is waited for until it waits itself. */
const START_IDLE_RUNTIME = `echo 'setInterval(() => undefined, 1e6); require("fs").writeFileSync("/tmp/there", "")' >/tmp/idle.cjs
/usr/bin/node $(busybox cat /etc/kata-agent/node-options) /tmp/idle.cjs </dev/null >/dev/null 2>&1 &
idle=$!
while [ ! -e /tmp/there ]; do busybox sleep 1; done
busybox sleep 1`;

/** Under TCG, which is there on every machine, and with a debug console. */
export async function measureGuest(image: GuestImage): Promise<GuestMeasures> {
  const startMs = performance.now();
  const sandbox = await startVirtualSandbox(image);
  try {
    await sandbox.waitForAgent();
    const firstAnswerMs = performance.now() - startMs;
    for (let response = 1; response < RESPONSES; response++) {
      await sandbox.readSeries();
    }
    const agent = await readMemory(sandbox, 'busybox cat /proc/$(busybox pidof node)/status');
    const runtime = await readMemory(sandbox, `${START_IDLE_RUNTIME}\nbusybox cat /proc/$idle/status; kill $idle`);
    return { accelerator: 'tcg', firstAnswerMs, agent, runtime };
  } finally {
    await sandbox.dispose();
  }
}

async function readMemory(sandbox: VirtualSandbox, command: string): Promise<Memory> {
  const status = await sandbox.runInGuest(command);
  const read = (name: string): number => {
    const [, kib] = new RegExp(`^${name}:\\s+(\\d+) kB\\r?$`, 'm').exec(status) ?? [];
    if (kib === undefined) {
      throw new Error(`Cannot find "${name}" in what the guest says of a process: ${status}`);
    }
    return Number(kib);
  };
  return { residentKib: read('VmRSS'), anonymousKib: read('RssAnon') };
}
