/**
 * A network namespace for each of several nodes, and one in the middle from which all of them can be reached, as the
 * network of a cluster. Nothing leaves them, and nothing is left of them when they are stopped. Needs root and iproute2.
 */
import { listChildren } from './processes.ts';
import { runCommand } from './run-program.ts';

export interface NodeNetworks {
  /** Begins a command that runs in the middle. */
  readonly middle: readonly [string, ...string[]];
  /** By name. */
  readonly nodes: ReadonlyMap<string, NodeNetwork>;
  stop(): Promise<void>;
}

export interface NodeNetwork {
  /** From the middle. */
  readonly address: string;
  /** Begins a command that runs on the node. */
  readonly inside: readonly [string, ...string[]];
}

/** 192.0.2.0/24 is for documentation: no machine has such an address. */
const addressOf = (index: number, end: 1 | 2): string => `192.0.2.${4 * index + end}`;

function makeNode(name: string, index: number): string {
  return `ip netns add ${name}
ip link add to-${name} type veth peer name eth0 netns ${name}
ip addr add ${addressOf(index, 1)}/30 dev to-${name}
ip link set to-${name} up
ip -n ${name} addr add ${addressOf(index, 2)}/30 dev eth0
ip -n ${name} link set eth0 up
ip -n ${name} link set lo up`;
}

export async function startNodeNetworks(names: readonly string[]): Promise<NodeNetworks> {
  const script = `set -e
mkdir -p /run/netns
mount -t tmpfs tmpfs /run/netns
ip link set lo up
${names.map(makeNode).join('\n')}
echo made >&2
exec sleep infinity`;
  const holder = runCommand(['unshare', '--net', '--mount', '--fork', '--kill-child', 'sh', '-c', script]);
  await holder.waitForLine((line) => (line === 'made' ? true : undefined));
  const [first] = listChildren(holder.child.pid!);
  const middle = ['nsenter', `--target=${first!.pid}`, '--net', '--mount'] as const;
  return {
    middle,
    nodes: new Map(
      names.map((name, index) => [
        name,
        { address: addressOf(index, 2), inside: [...middle, 'ip', 'netns', 'exec', name] },
      ]),
    ),
    stop: async () => {
      holder.child.kill('SIGKILL');
      await holder.ended;
    },
  };
}
