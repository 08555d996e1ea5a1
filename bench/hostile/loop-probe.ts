/**
 * Loaded into the monitor by `--import …/loop-probe.ts?socket=<path>`: finds out for how long its event loop was blocked.
 * A client that connects to the socket gets the longest block since the last connection, as JSON.
 *
 * A block is counted in CPU time of the main thread between two turns of a timer, so that what other programs take from
 * the machine does not count; the wall time of the longest one is given beside.
 */
import { createServer } from 'node:net';

export interface LoopBlock {
  readonly cpuMs: number;
  readonly wallMs: number;
}

const INTERVAL_MS = 1;
const path = new URL(import.meta.url).searchParams.get('socket');

if (path !== null) {
  watch(path);
}

function watch(socketPath: string): void {
  let longest = { cpuMs: 0, wallMs: 0 };
  let cpuMs = threadCpuMs();
  let wallMs = performance.now();
  const turn = (): void => {
    const nowCpuMs = threadCpuMs();
    const nowWallMs = performance.now();
    longest = {
      cpuMs: Math.max(longest.cpuMs, nowCpuMs - cpuMs),
      wallMs: Math.max(longest.wallMs, nowWallMs - wallMs),
    };
    cpuMs = nowCpuMs;
    wallMs = nowWallMs;
  };
  setInterval(turn, INTERVAL_MS).unref();
  createServer((socket) => {
    turn();
    socket.on('error', () => socket.destroy());
    socket.end(JSON.stringify(longest));
    longest = { cpuMs: 0, wallMs: 0 };
  })
    .listen(socketPath)
    .unref();
}

function threadCpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}
