/**
 * The fault of each alert of deploy/prometheus, caused on the node of the tests. A fault of a shim that the project does
 * not have, such as invalid metrics, is caused by a shim of the tests; one that this machine cannot cause says why.
 */
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { vi } from 'vitest';
import { answerWithLength, type FakeAnswerer, type FakeShim } from '../../support/fake-shim.ts';
import { startInGuestContainer } from '../../support/guest-container.ts';
import type { RunningProgram } from '../../support/run-program.ts';
import type { VirtualSandbox } from '../../support/virtual-sandbox.ts';
import { HOG, LOADED, type MonitoredNode } from './node.ts';
import type { Fault } from './run-faults.ts';

const LARGE_BODY_BYTES = 160 * 2 ** 20;
/** The monitor that may open 128 files keeps a connection to each shim and lets in a quarter as many clients. */
const SHIMS_OF_SHORT_MONITOR = 90;
const CLIENTS_OF_SHORT_MONITOR = 30;
/** More than the 5 s that KataMonitorScrapeSlow allows; the rest of the timeout, 8 s, is for the scrape on a busy machine. */
const STOPPED_MS = 5500;

/** An agent that lets in its shim and never responds. The address comes as its last argument. */
const UNRESPONSIVE_AGENT = `"${process.execPath}" -e 'require("net").createServer().listen(process.argv.at(-1).slice(7))' --`;

/** In two pieces, because each comes late on a busy machine: more than the 500 ms for which scrapes wait again, less than their timeout. */
const SLOW_RESPONSE = 'HTTP/1.1 200 OK\r\nContent-Length: 16\r\n\r\nkata_shim_fds 7\n';
const SLOW_PIECE_BYTES = Math.ceil(SLOW_RESPONSE.length / 2);
const SLOW_PIECE_MS = 450;

/** Fills memory until 6 % are left, as a tmpfs that grows. */
const FILL_MEMORY = [
  'busybox mount -o remount,size=95% /dev/shm',
  `busybox dd if=/dev/zero of=/dev/shm/fill bs=1M count=$(busybox awk '/^MemTotal/{t=$2}/^MemAvailable/{a=$2}END{print int((a-t*0.06)/1024)}' /proc/meminfo)`,
].join(' && ');
const FILL_DISK = 'busybox dd if=/dev/zero of=/run/container/fill bs=64k';
const FILL_INODES = 'i=0; while [ $i -lt 64 ]; do true >/run/container/$i; i=$((i+1)); done';
const TAKE_MEMORY = 'echo 16M >/sys/fs/cgroup/hog/memory.max; x=01234567; while true; do x=$x$x; done';
/** Tasks that want the CPU, with little weight, so that the agent still gets its share. */
const LOAD =
  'echo 1 >/sys/fs/cgroup/load/cpu.weight; i=0; while [ $i -lt 60 ]; do (while true; do true; done) & i=$((i+1)); done; wait';

const SAMPLE_TIMEOUT_MS = 150_000;
const SAMPLE_PAUSE_MS = 250;

/** The console of a guest has room for one client. */
function makeConsole(machine: VirtualSandbox): (command: string | (() => Promise<unknown>)) => Promise<unknown> {
  let last: Promise<unknown> = Promise.resolve();
  return (command) => {
    const run = (): Promise<unknown> => (typeof command === 'string' ? machine.runInGuest(command) : command());
    last = last.then(run, run);
    return last;
  };
}

/** Debian's busybox has no pkill. Rejects when no process has `text` in its command line: the alert may fire for another reason. */
async function signalInGuest(machine: VirtualSandbox, signal: string, text: string): Promise<void> {
  const said = await machine.runInGuest(
    `for d in /proc/[0-9]*; do case $(busybox tr '\\0' ' ' <$d/cmdline) in *"${text}"*) kill -${signal} \${d#/proc/} && echo sent; esac; done 2>&1`,
  );
  if (!said.includes('sent')) {
    throw new Error(`No process of the guest with "${text}" got SIG${signal}: ${said}`);
  }
}

async function waitForSample({ prometheus }: MonitoredNode, query: string): Promise<void> {
  const untilMs = performance.now() + SAMPLE_TIMEOUT_MS;
  while ((await prometheus.query(query)).length === 0) {
    if (performance.now() > untilMs) {
      throw new Error(`No sample of ${query} within ${SAMPLE_TIMEOUT_MS / 1000} s`);
    }
    await pause(SAMPLE_PAUSE_MS);
  }
}

export function listFaults(node: MonitoredNode): readonly Fault[] {
  const [first, second] = node.machines;
  const inFirst = makeConsole(first);
  const inSecond = makeConsole(second);
  const ofFirst = `sandbox_id="${first.id}"`;
  const ofSecond = `sandbox_id="${second.id}"`;
  const pod = node.columns.find(({ source }) => source === 'kata-shim process')!;
  const ofPod = `sandbox_id="${pod.id}"`;
  let oldShim: RunningProgram;
  let largeShim: FakeShim;
  const sandboxUp = (id: string): Promise<unknown> =>
    vi.waitFor(
      async () => {
        const up = await node.prometheus.query(`kata_sandbox_up{job="kata",sandbox_id="${id}"} == 1`);
        if (up.length === 0) {
          throw new Error(`Sandbox "${id}" is not up`);
        }
      },
      { timeout: SAMPLE_TIMEOUT_MS, interval: 250 },
    );
  /** A shim of the tests whose counters rise once: `lines` of a value. */
  const sendRise = async (id: string, lines: (value: number) => readonly string[], value = 90): Promise<void> => {
    const response = (at: number): ReturnType<typeof answerWithLength> => answerWithLength(`${lines(at).join('\n')}\n`);
    const shim = await node.startShim(id, response(0));
    await sandboxUp(id);
    shim.setAnswer(response(value));
  };
  const sendSteal = (): Promise<void> =>
    sendRise(
      'steal',
      (steal) => [
        `kata_guest_cpu_time{cpu="total",item="steal"} ${steal}`,
        'kata_guest_cpu_time{cpu="total",item="user"} 1',
        'kata_guest_cpu_time{cpu="0",item="user"} 1',
      ],
      90_000,
    );
  const sendVcpuWait = (): Promise<void> =>
    sendRise('vcpu', (seconds) => [
      `kata_hypervisor_vcpu_wait_seconds_total{cpu="0"} ${seconds}`,
      'kata_guest_cpu_time{cpu="0",item="user"} 1',
    ]);
  const sendPressure = (): Promise<void> =>
    sendRise('pressed', (seconds) => [`kata_guest_pressure_memory_waiting_seconds_total ${seconds}`]);
  const sendHostTrouble = (): Promise<void> =>
    sendRise('short-of-host', (value) => [
      `kata_shim_sandbox_cpu_cfs_periods_total ${value * 10}`,
      `kata_shim_sandbox_cpu_cfs_throttled_periods_total ${value * 5}`,
      `kata_shim_sandbox_oom_kills_total ${value}`,
      `kata_shim_sandbox_pressure_memory_waiting_seconds_total ${value}`,
    ]);
  /** Each response is that of a shim that was started again. */
  const sendRestarts: FakeAnswerer = (_request, attempt) =>
    answerWithLength(`kata_shim_process_start_time_seconds ${1e9 + attempt * 100}\n`);
  /** Their shims are killed; what cleans up after them writes the last words. */
  const failSandboxes = async (): Promise<void> => {
    const shims = await Promise.all(['doomed-1', 'doomed-2', 'doomed-3'].map((id) => node.startProcessSandbox(id)));
    for (const { child } of shims) {
      child.kill('SIGKILL');
    }
  };

  return [
    // The first machine: all faults of its guest at once, then the machine itself.
    {
      alert: 'KataGuestDiskSpaceLow',
      what: 'VM: dd fills the file system of a container',
      labels: ofFirst,
      // The alerts look for a change, so there has to be a scrape before it.
      prepare: () => waitForSample(node, `kata_sandbox_filesystem_available_bytes{${ofFirst}} > 3e6`),
      act: () => inFirst(FILL_DISK),
    },
    { alert: 'KataGuestDiskFull', what: 'VM: the same', labels: ofFirst, act: async () => undefined },
    {
      alert: 'KataGuestInodesLow',
      what: 'VM: 64 files in a file system of 64 inodes',
      labels: ofFirst,
      after: ['KataGuestDiskSpaceLow', 'KataGuestDiskFull'],
      act: () => inFirst(FILL_INODES),
    },
    // The disk, a file system in memory, needs an inode and memory to be filled.
    {
      alert: 'KataGuestMemoryPressure',
      what: 'VM: a tmpfs takes the memory of the guest',
      labels: ofFirst,
      after: ['KataGuestDiskSpaceLow', 'KataGuestDiskFull'],
      act: () => inFirst(FILL_MEMORY),
    },
    {
      alert: 'KataGuestOomKill',
      what: 'VM: a container over its memory limit, killed by the kernel of the guest',
      labels: ofFirst,
      act: () => inFirst(() => startInGuestContainer(first, HOG, TAKE_MEMORY)),
    },
    {
      alert: 'KataGuestClockSkew',
      what: 'VM: the clock of the guest is set an hour ahead',
      labels: ofFirst,
      act: () => inFirst('busybox date -s @$(($(busybox date +%s)+3600))'),
    },
    {
      alert: 'KataSandboxOverheadHigh',
      what: 'VM, whose RuntimeClass reserves 64 MiB (a stand-in for kube-state-metrics)',
      labels: ofFirst,
      act: async () => {
        node.podFixedBytes = 64 * 2 ** 20;
      },
    },
    {
      alert: 'KataGuestExporterIncomplete',
      what: 'VM: an exporter in the guest uses a label of the monitor',
      // An emulated guest on a busy machine may be slow as well.
      labels: `${ofFirst},reason!="slow"`,
      act: () => inFirst(`echo 'app_requests_total{sandbox_id="x"} 5' >>/run/exporter/metrics`),
    },
    {
      alert: 'KataGuestExporterDown',
      what: 'VM: the exporter in the guest ends',
      labels: ofFirst,
      isFickle: true,
      after: ['KataGuestExporterIncomplete'],
      act: () => inFirst(() => signalInGuest(first, 'KILL', 'httpd -p 127')),
    },
    {
      alert: 'KataGuestUnresponsive',
      what: 'VM: SIGSTOP of the agent',
      labels: ofFirst,
      isFickle: true,
      after: [
        ...['KataGuestMemoryPressure', 'KataGuestDiskSpaceLow', 'KataGuestDiskFull', 'KataGuestInodesLow'],
        ...['KataGuestOomKill', 'KataGuestClockSkew', 'KataSandboxOverheadHigh', 'KataGuestExporterDown'],
      ],
      prepare: () => inFirst('busybox rm /dev/shm/fill'),
      act: () => inFirst(() => signalInGuest(first, 'STOP', 'dist/bin/kata-agent.js')),
    },
    {
      alert: 'KataSandboxPaused',
      what: 'VM: SIGSTOP of QEMU',
      labels: ofFirst,
      after: ['KataGuestUnresponsive'],
      act: async () => process.kill(first.findPid('qemu-system-x86_64'), 'SIGSTOP'),
    },
    // The second machine is loaded, then started again.
    {
      alert: 'KataGuestLoadHigh',
      what: 'VM: 60 busy loops on one CPU',
      labels: ofSecond,
      act: () => inSecond(() => startInGuestContainer(second, LOADED, LOAD)),
    },
    {
      alert: 'KataGuestPanicked',
      what: 'VM: sysrq-trigger crashes the kernel',
      labels: ofSecond,
      after: ['KataGuestLoadHigh'],
      act: async () => {
        void inSecond('echo c >/proc/sysrq-trigger').catch(() => undefined);
        await second.shim.ended;
        await second.findLeftovers();
      },
    },
    {
      alert: 'KataGuestRestarted',
      what: 'VM: its shim is started again over the same sandbox',
      labels: ofSecond,
      after: ['KataGuestPanicked'],
      act: async () => second.startShim(),
    },
    // A sandbox in a separate network.
    {
      alert: 'KataGuestNetworkErrors',
      what: 'pod network: packets larger than the MTU of the interface in the pod',
      labels: ofPod,
      act: () => node.pod.losePackets(),
    },
    {
      alert: 'KataSandboxSamplesNearLimit',
      what: 'pod network: 360 more interfaces',
      labels: ofPod,
      after: ['KataGuestNetworkErrors'],
      act: () => node.pod.addInterfaces(360, 'a'),
    },
    {
      alert: 'KataSandboxOverLimit',
      what: 'pod network: another 100, which is over --max-samples',
      labels: ofPod,
      after: ['KataSandboxSamplesNearLimit'],
      act: () => node.pod.addInterfaces(100, 'c'),
    },
    // An agent that has never responded.
    {
      alert: 'KataGuestNeverUp',
      what: 'an agent that accepts connections and never responds',
      labels: 'sandbox_id="silent"',
      act: async () => {
        await node.startProcessSandbox('silent', ['--agent-timeout=1200ms', `--agent-command=${UNRESPONSIVE_AGENT}`]);
      },
    },
    { alert: 'KataAgentSlow', what: 'the same', labels: 'sandbox_id="silent"', act: async () => undefined },
    {
      alert: 'KataShimSlow',
      what: 'the same: its shim waits for it',
      labels: 'sandbox_id="silent"',
      act: async () => undefined,
    },
    {
      alert: 'KataSandboxSlow',
      what: 'a shim of the tests takes a second for each response',
      labels: 'sandbox_id="slow"',
      act: () =>
        node.startShim('slow', {
          kind: 'drip',
          bytes: SLOW_RESPONSE,
          everyMs: SLOW_PIECE_MS,
          pieceBytes: SLOW_PIECE_BYTES,
        }),
    },
    {
      alert: 'KataSandboxUnsafeSocket',
      what: 'chmod 777 of the directory of a sandbox',
      labels: 'sandbox_id="silent"',
      after: ['KataGuestNeverUp', 'KataAgentSlow', 'KataShimSlow'],
      act: () => chmod(join(node.root, 'silent'), 0o777),
    },
    // A shim of an older release, which then stops responding.
    {
      alert: 'KataAgentVersionSkew',
      what: 'a sandbox of an older release',
      labels: 'job="kata"',
      act: async () => {
        oldShim = await node.startProcessSandbox('older', [], node.older.command('kata-shim'));
      },
    },
    {
      alert: 'KataSandboxDown',
      what: 'SIGSTOP of a shim',
      labels: 'sandbox_id="older"',
      after: ['KataAgentVersionSkew'],
      // A shim that starts slowly does not serve yet.
      mayFireEarly: true,
      prepare: () => sandboxUp('older'),
      act: async () => {
        oldShim.child.kill('SIGSTOP');
      },
    },
    {
      alert: 'KataSandboxInvalidMetrics',
      what: 'a shim of the tests sends a value that is no number',
      labels: 'sandbox_id="invalid"',
      act: () => node.startShim('invalid', answerWithLength('kata_guest_load x\n')),
    },
    {
      alert: 'KataGuestCpuSteal',
      what: 'a shim of the tests sends steal time that rises',
      sentBecause: 'an emulated CPU has no steal time, and KVM boots no guest here',
      labels: 'sandbox_id="steal"',
      act: sendSteal,
    },
    {
      alert: 'KataGuestPressureHigh',
      what: 'a shim of the tests sends pressure on memory that rises',
      sentBecause: 'an emulated agent under pressure misses scrapes; test/system/trouble.test.ts causes it',
      labels: 'sandbox_id="pressed"',
      act: sendPressure,
    },
    {
      alert: 'KataSandboxVcpuWait',
      what: 'a shim of the tests sends time of waiting that rises',
      sentBecause: 'a machine of tests is busy, so that virtual CPUs wait before any fault',
      labels: 'sandbox_id="vcpu"',
      act: sendVcpuWait,
    },
    {
      alert: 'KataSandboxHostPressureHigh',
      what: 'a shim of the tests sends pressure on the memory of the host that rises',
      sentBecause: 'hosts of the tests have cgroup v1, which has no pressure',
      labels: 'sandbox_id="short-of-host"',
      act: sendHostTrouble,
    },
    {
      alert: 'KataCpuThrottled',
      what: 'the same',
      sentBecause: 'test/system/trouble.test.ts causes it',
      labels: 'sandbox_id="short-of-host"',
      act: async () => undefined,
    },
    {
      alert: 'KataSandboxOomKillOnHost',
      what: 'the same',
      sentBecause: 'a sandbox whose hypervisor is killed ends',
      labels: 'sandbox_id="short-of-host"',
      act: async () => undefined,
    },
    {
      alert: 'KataSandboxFlapping',
      what: 'a shim of the tests sends another start time in each response',
      sentBecause: 'three restarts of a machine take minutes',
      labels: 'sandbox_id="flapping"',
      act: () => node.startShim('flapping', sendRestarts),
    },
    {
      alert: 'KataSandboxesFail',
      what: 'SIGKILL of three shims',
      labels: 'cri_namespace=""',
      // Programs that start take the CPU that the shim above needs to be in time.
      after: ['KataShimSlow'],
      act: failSandboxes,
    },
    {
      alert: 'KataMonitorFinalValuesLost',
      what: 'a file that is not of a shim, in the mailbox for final values',
      labels: 'reason="invalid"',
      act: () => writeFile(join(node.root, '.last-words/stranger.1.json'), 'x'),
    },
    // Monitors.
    {
      alert: 'KataMonitorOtlpFails',
      what: 'a monitor pushes to an OTLP endpoint where nothing listens',
      labels: 'job="pushing"',
      after: ['KataSandboxesFail'],
      act: () => node.startPushingMonitor(),
    },
    {
      alert: 'KataMonitorVersionSkew',
      what: 'a kata-monitor of an older release starts',
      labels: '',
      act: () => node.startOlderMonitor(),
    },
    {
      alert: 'KataMonitorCriDown',
      what: 'containerd is stopped',
      labels: 'job="other"',
      // A monitor that has just started may be scraped before containerd has responded.
      mayFireEarly: true,
      after: ['KataMonitorVersionSkew'],
      act: () => node.containerd.suspend(),
    },
    {
      alert: 'KataMonitorScrapesFail',
      what: 'more clients at a time than --web.max-requests',
      labels: 'job="other"',
      after: ['KataMonitorVersionSkew'],
      act: () =>
        Promise.all(Array.from({ length: 20 }, () => fetch(`${node.urlOf('other')}/metrics`).then((r) => r.text()))),
    },
    {
      alert: 'KataMonitorSandboxesNotScraped',
      what: 'more sandboxes than --max-sandboxes',
      labels: 'job="short"',
      act: async () => {
        for (let at = 0; at < SHIMS_OF_SHORT_MONITOR; at++) {
          await node.startShim(`few${at}`, answerWithLength('kata_shim_fds 7\n'), join(node.folder, 'few'));
        }
      },
    },
    {
      alert: 'KataMonitorOtlpIncomplete',
      what: 'the OTLP endpoint rejects the metrics of one sandbox',
      labels: 'job="short"',
      after: ['KataMonitorSandboxesNotScraped'],
      act: async () => {
        node.rejectedByOtlp = 'few0';
      },
    },
    {
      alert: 'KataMonitorShortage',
      what: 'clients take the file descriptors of a monitor that may open 128',
      labels: 'job="short"',
      after: ['KataMonitorSandboxesNotScraped', 'KataMonitorOtlpIncomplete'],
      act: () => node.holdConnections('short', CLIENTS_OF_SHORT_MONITOR),
    },
    {
      alert: 'KataMonitorMemoryHigh',
      what: 'a response of 160 MiB, with --max-body-bytes of 256 MiB',
      labels: 'job="large"',
      act: async () => {
        const body = Buffer.alloc(LARGE_BODY_BYTES, `# ${'x'.repeat(997)}\n`);
        largeShim = await node.startShim('large', answerWithLength(body), join(node.folder, 'large'));
      },
    },
    {
      alert: 'KataMonitorScrapeSlow',
      what: 'a monitor without CPU for 5.5 s of a scrape (SIGSTOP)',
      labels: 'job="large"',
      after: ['KataMonitorMemoryHigh'],
      mayFireEarly: true,
      act: async () => {
        const { child } = node.monitors.get('large')!;
        largeShim.setAnswer(answerWithLength(''));
        child.kill('SIGSTOP');
        await node.nextScrapeOfLarge();
        await pause(STOPPED_MS);
        child.kill('SIGCONT');
      },
    },
    {
      alert: 'KataMonitorDown',
      what: 'a monitor is stopped',
      labels: 'job="other"',
      // Of many clients at a time, Prometheus may be one that is refused.
      isFickle: true,
      after: ['KataMonitorCriDown', 'KataMonitorScrapesFail'],
      act: () => node.monitors.get('other')!.stop(),
    },
  ];
}
