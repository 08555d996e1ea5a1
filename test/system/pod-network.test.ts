/**
 * The network of a pod as CNI leaves it, in a separate namespace: what the guest is told of it, what is made for QEMU, and
 * that all of that goes. Without a guest.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AgentClient } from '../../src/runtime/agent-client.ts';
import { connectPodNetwork } from '../../src/runtime/pod-network.ts';
import { missingPackages } from '../support/requirements.ts';

const missing = [...missingPackages(['iproute2']), ...(process.getuid!() === 0 ? [] : ['root'])];
const title = `the network of a pod${missing.length === 0 ? '' : ` (needs ${missing.join(', ')})`}`;

const MAC = '02:00:00:00:00:01';
/** An interface with addresses of both families, a gateway, and a neighbor that does not respond to ARP. */
const AS_CNI = `set -e
ip link add eth0 address ${MAC} mtu 1400 type veth peer name outside
ip addr add 10.1.0.2/24 dev eth0
ip addr add fd00::2/64 dev eth0 nodad
ip link set eth0 up; ip link set outside up
ip route add default via 10.1.0.1
ip -6 route add default via fd00::1 dev eth0
ip neighbor add 10.1.0.1 lladdr 02:00:00:00:00:02 dev eth0 nud permanent
# The kernel says a moment later that they have a carrier.
until [ "$(ip link show up | grep -c 'state UP')" = 2 ]; do sleep 0.01; done
echo ready
exec sleep 1000`;

describe.skipIf(missing.length > 0)(title, () => {
  let holder: ChildProcess;
  let namespacePath: string;

  beforeEach(async () => {
    holder = spawn('unshare', ['--net', 'sh', '-c', AS_CNI], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(holder.stdout!, 'data');
    namespacePath = `/proc/${holder.pid}/ns/net`;
  });

  afterEach(async () => {
    const ended = once(holder, 'exit');
    holder.kill('SIGKILL');
    await ended;
  });

  const inside = (...command: string[]): string =>
    execFileSync('nsenter', [`--net=${namespacePath}`, '--', ...command], { encoding: 'utf8' });

  it('is that of the guest: addresses, MAC address, MTU, routes and neighbors', async () => {
    const calls: [string, object][] = [];
    const agent = { call: (name: string, request: object) => Promise.resolve(calls.push([name, request])) };
    const network = await connectPodNetwork(namespacePath);
    expect(network.taps).toEqual([
      { tapName: expect.stringMatching(/^tap\d_kata$/), macAddress: expect.any(String) },
      { tapName: expect.stringMatching(/^tap\d_kata$/), macAddress: MAC },
    ]);
    await network.configure(agent as unknown as AgentClient);
    expect(calls).toContainEqual([
      'updateInterface',
      {
        interface: {
          device: 'eth0',
          name: 'eth0',
          hwAddr: MAC,
          mtu: 1400n,
          ipAddresses: [
            { family: 0, address: '10.1.0.2', mask: '24' },
            { family: 1, address: 'fd00::2', mask: '64' },
          ],
        },
      },
    ]);
    const { routes } = Object.fromEntries(calls)['updateRoutes'] as { routes: { routes: object[] } };
    expect(routes.routes).toEqual([
      { dest: '', gateway: '10.1.0.1', device: 'eth0', source: '', family: 0 },
      { dest: '10.1.0.0/24', gateway: '', device: 'eth0', source: '10.1.0.2', family: 0 },
      { dest: '', gateway: 'fd00::1', device: 'eth0', source: '', family: 1 },
    ]);
    expect(Object.fromEntries(calls)['addARPNeighbors']).toEqual({
      neighbors: {
        neighbors: [{ toIpAddress: { family: 0, address: '10.1.0.1' }, device: 'eth0', lladdr: '02:00:00:00:00:02' }],
      },
    });
  });

  it('has tap devices and rules until they are removed, which can be repeated', async () => {
    // The check whether another machine has a link-local address ends by itself, perhaps in between.
    const look = (): string[] =>
      [inside('ip', '-brief', 'link'), inside('tc', 'qdisc'), inside('ip', 'addr')].map((text) =>
        text.replaceAll(' tentative', ''),
      );
    const before = look();
    const network = await connectPodNetwork(namespacePath);
    expect(inside('tc', 'filter', 'show', 'dev', 'eth0', 'parent', 'ffff:')).toContain('Egress Redirect to device tap');
    await network.remove();
    await network.remove();
    expect(look()).toEqual(before);
  });
});
