/**
 * A sandbox without a virtual machine in a separate network, as a pod has one: a pair of veth, whose end in the pod has
 * a smaller MTU than the one outside. What has the size in between is lost there, and the kernel counts it.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { listChildren } from '../../support/processes.ts';
import { programCommand, type RunningProgram, runCommand } from '../../support/run-program.ts';

const execute = promisify(execFile);
/** All of it is gone with the process: mounts and networks are those of its namespaces. */
const IN_NEW_NAMESPACES = ['unshare', '--net', '--pid', '--mount', '--fork', '--kill-child', '--mount-proc'];
const MAKE_NETWORK = `mkdir -p /run/netns && mount -t tmpfs tmpfs /run/netns && mount -t sysfs sysfs /sys || exit 9
ip netns add pod && ip link add outside type veth peer name eth0 netns pod || exit 9
ip addr add 192.0.2.1/30 dev outside && ip link set outside up || exit 9
ip -n pod addr add 192.0.2.2/30 dev eth0 && ip -n pod link set eth0 mtu 300 up && ip -n pod link set lo up || exit 9
ip netns exec pod "$@"; exit $?`;
const LOST_PACKETS = 1000;

export interface PodNetwork {
  readonly shim: RunningProgram;
  /** Sends packets that the smaller MTU loses. */
  losePackets(): Promise<void>;
  /** Adds interfaces to the pod, in pairs of veth whose names begin with `name`. */
  addInterfaces(count: number, name: string): Promise<void>;
  stop(): Promise<void>;
}

/** `args`: of `kata-shim run`. Resolves when the shim serves. */
export async function startInPodNetwork(args: readonly string[]): Promise<PodNetwork> {
  const shim = runCommand([
    ...(IN_NEW_NAMESPACES as [string, ...string[]]),
    ...['sh', '-c', MAKE_NETWORK, 'sh', ...programCommand('kata-shim'), 'run', '--hypervisor=process', ...args],
  ]);
  await shim.waitForLine((line) => (line.includes('Serving on') ? line : undefined));
  // unshare waits in the old namespaces for its child, which is process 1 of the new ones.
  const [first] = listChildren(shim.child.pid!);
  const run = async (command: readonly string[], input = ''): Promise<void> => {
    const promise = execute('nsenter', [`--target=${first!.pid}`, '--net', '--mount', ...command]);
    promise.child.stdin?.end(input);
    await promise;
  };
  return {
    shim,
    // No packet comes back, which ping reports as a failure.
    losePackets: () => run(['sh', '-c', `busybox ping -q -s 1000 -c ${LOST_PACKETS} -i 0.002 -W 1 192.0.2.2 || true`]),
    addInterfaces: (count, name) =>
      run(
        ['ip', '-n', 'pod', '-batch', '-'],
        Array.from({ length: count / 2 }, (_, at) => `link add ${name}${at} type veth peer name ${name}p${at}\n`).join(
          '',
        ),
      ),
    stop: async () => {
      // unshare leaves SIGTERM to its child; process 1 of a namespace takes all others in it with it.
      shim.child.kill('SIGKILL');
      await shim.ended;
    },
  };
}
