/**
 * Connects the network that CNI has created for a pod with the guest: for each interface of the namespace a tap device,
 * and rules that redirect every packet from one to the other. The guest has the addresses, routes and MAC address of the
 * interface. Source: the "tcfilter" model of Kata Containers; tc-u32(8), tc-mirred(8).
 */
import type { MessageInitShape } from '@bufbuild/protobuf';
import { type ContainerService, IPFamily } from '../runtime-proto/index.ts';
import type { AgentClient } from './agent-client.ts';
import { runHostProgram } from './run-program.ts';

type InterfaceInit = NonNullable<MessageInitShape<typeof ContainerService.method.updateInterface.input>['interface']>;
type RoutesInit = NonNullable<MessageInitShape<typeof ContainerService.method.updateRoutes.input>['routes']>;
type RouteInit = NonNullable<RoutesInit['routes']>[number];

export interface PodNetwork {
  readonly namespacePath: string;
  /** Tap devices for the hypervisor. */
  readonly taps: readonly { readonly tapName: string; readonly macAddress: string }[];
  /**
   * Configures the interfaces and routes in the guest.
   * @throws {TtrpcError}
   */
  configure(agent: AgentClient): Promise<void>;
  /** Removes the devices and rules. Missing ones are ignored. */
  remove(): Promise<void>;
}

/** Output of `ip -json address`; see ip-address(8). */
interface Link {
  readonly ifname: string;
  readonly link_type: string;
  readonly address: string;
  readonly mtu: number;
  readonly addr_info: readonly {
    readonly family: string;
    readonly local: string;
    readonly prefixlen: number;
    readonly scope: string;
  }[];
}

/** Output of `ip -json route`. */
interface HostRoute {
  readonly dst: string;
  readonly gateway?: string;
  readonly dev: string;
  readonly prefsrc?: string;
  readonly protocol?: string;
}

/** Output of `ip -json neighbor`. */
interface HostNeighbor {
  readonly dst: string;
  readonly dev: string;
  readonly lladdr: string;
}

/** Limit of interfaces; no CNI configuration creates as many. */
const MAX_INTERFACES = 16;

/** Runs a program in the network namespace of the pod, and resolves to its output. */
type RunInside = (command: string, ...args: string[]) => Promise<string>;

/** What the network plugins have configured in the namespace of the pod, for the guest. */
interface GuestNetwork {
  readonly links: readonly Link[];
  readonly routes: RouteInit[];
  readonly neighbors: readonly HostNeighbor[];
}

/** @throws {Error} that names the failed step, after the earlier steps were undone. */
export async function connectPodNetwork(namespacePath: string): Promise<PodNetwork> {
  const inside: RunInside = (command, ...args) =>
    runHostProgram('nsenter', [`--net=${namespacePath}`, '--', command, ...args]);
  const network = await readNetwork(inside, namespacePath);
  const pairs = network.links.map((link, index) => ({ link, tapName: `tap${index}_kata` }));
  const remove = async (): Promise<void> => {
    for (const { link, tapName } of pairs) {
      await inside('ip', 'link', 'delete', tapName).catch(() => undefined);
      await inside('tc', 'qdisc', 'delete', 'dev', link.ifname, 'ingress').catch(() => undefined);
    }
  };
  try {
    for (const { link, tapName } of pairs) {
      await addTap(inside, link, tapName);
    }
  } catch (error) {
    await remove();
    throw error;
  }
  return {
    namespacePath,
    taps: pairs.map(({ link, tapName }) => ({ tapName, macAddress: link.address })),
    configure: (agent) => configureGuest(agent, network),
    remove,
  };
}

/** @throws {Error} when there are too many interfaces. */
async function readNetwork(inside: RunInside, namespacePath: string): Promise<GuestNetwork> {
  const read = async <T>(...args: string[]): Promise<T[]> =>
    JSON.parse((await inside('ip', '-json', ...args)) || '[]') as T[];
  const links = (await read<Link>('address')).filter(({ link_type }) => link_type === 'ether');
  if (links.length > MAX_INTERFACES) {
    throw new Error(
      `Network namespace "${namespacePath}" has ${links.length} interfaces, at most ${MAX_INTERFACES} are supported`,
    );
  }
  const routes = (await read<HostRoute>('route')).map((route) => toRoute(route, IPFamily.V4));
  const routesV6 = (await read<HostRoute>('-6', 'route'))
    .filter(({ dst, protocol }) => protocol !== 'kernel' && !dst.startsWith('fe80'))
    .map((route) => toRoute(route, IPFamily.V6));
  const neighbors = await read<HostNeighbor>('-4', 'neighbor', 'show', 'nud', 'permanent');
  return { links, routes: [...routes, ...routesV6], neighbors };
}

/** Adds a tap device for the virtual machine, and redirects every packet between it and the interface of the pod. */
async function addTap(inside: RunInside, { ifname, mtu }: Link, tapName: string): Promise<void> {
  await inside('ip', 'tuntap', 'add', 'dev', tapName, 'mode', 'tap');
  await inside('ip', 'link', 'set', 'dev', tapName, 'mtu', String(mtu), 'up');
  for (const [from, to] of [
    [ifname, tapName],
    [tapName, ifname],
  ] as const) {
    await inside('tc', 'qdisc', 'add', 'dev', from, 'ingress');
    // Every packet matches; "matchall" is not in every kernel.
    const match = ['protocol', 'all', 'u32', 'match', 'u32', '0', '0'];
    const redirect = ['action', 'mirred', 'egress', 'redirect', 'dev', to];
    await inside('tc', 'filter', 'add', 'dev', from, 'parent', 'ffff:', ...match, ...redirect);
  }
}

async function configureGuest(agent: AgentClient, { links, routes, neighbors }: GuestNetwork): Promise<void> {
  for (const link of links) {
    await agent.call('updateInterface', { interface: toInterface(link) });
  }
  if (routes.length > 0) {
    await agent.call('updateRoutes', { routes: { routes } });
  }
  if (neighbors.length > 0) {
    const toNeighbor = ({ dst, dev, lladdr }: HostNeighbor) => ({
      toIpAddress: { family: IPFamily.V4, address: dst },
      device: dev,
      lladdr,
    });
    await agent.call('addARPNeighbors', { neighbors: { neighbors: neighbors.map(toNeighbor) } });
  }
}

function toInterface({ ifname, address, mtu, addr_info }: Link): InterfaceInit {
  return {
    device: ifname,
    name: ifname,
    hwAddr: address,
    mtu: BigInt(mtu),
    // The guest makes link-local addresses itself.
    ipAddresses: addr_info
      .filter(({ scope }) => scope !== 'link')
      .map(({ family, local, prefixlen }) => ({
        family: family === 'inet6' ? IPFamily.V6 : IPFamily.V4,
        address: local,
        mask: String(prefixlen),
      })),
  };
}

function toRoute({ dst, gateway = '', dev, prefsrc = '' }: HostRoute, family: IPFamily): RouteInit {
  return { dest: dst === 'default' ? '' : dst, gateway, device: dev, source: prefsrc, family };
}
