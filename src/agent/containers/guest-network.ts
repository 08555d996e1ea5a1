/**
 * Configures the network of the guest as the host requests it: interfaces, found by their MAC address, and routes. Called
 * for UpdateInterface and UpdateRoutes.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ARPNeighbor, type Interface, IPFamily, type Route } from '../../runtime-proto/index.ts';
import { Code, TtrpcError } from '../../ttrpc/core.ts';
import { runBusybox } from './run-busybox.ts';

const NET_PATH = '/sys/class/net';

/**
 * Brings the interface up under its name.
 * @throws {TtrpcError} NOT_FOUND when no interface has the address.
 */
export async function updateInterface({ hwAddr, name, device, mtu, ipAddresses }: Interface): Promise<void> {
  const found = findByAddress(hwAddr);
  const wanted = name || device || found;
  if (found !== wanted) {
    await runBusybox('ip', 'link', 'set', found, 'down');
    await runBusybox('ip', 'link', 'set', found, 'name', wanted);
  }
  await runBusybox('ip', 'link', 'set', wanted, ...(mtu > 0n ? ['mtu', String(mtu)] : []), 'up');
  for (const { address, mask, family } of ipAddresses) {
    const flag = family === IPFamily.V6 ? '-6' : '-4';
    await runBusybox('ip', flag, 'addr', 'replace', `${address}/${mask}`, 'dev', wanted);
  }
}

/** Routes to a network of the interface come first: a gateway has to be reachable. */
export async function updateRoutes(routes: readonly Route[]): Promise<void> {
  const ordered = [...routes].sort((a, b) => Number(a.gateway !== '') - Number(b.gateway !== ''));
  for (const { dest, gateway, device, source, family } of ordered) {
    await runBusybox(
      'ip',
      family === IPFamily.V6 ? '-6' : '-4',
      'route',
      'replace',
      dest || 'default',
      ...(gateway === '' ? [] : ['via', gateway]),
      ...['dev', device],
      ...(source === '' ? [] : ['src', source]),
    );
  }
}

/** @throws {TtrpcError} UNIMPLEMENTED for IPv6: neighbors of that are found by the kernel itself. */
export async function addNeighbors(neighbors: readonly ARPNeighbor[]): Promise<void> {
  for (const { toIpAddress, device, lladdr } of neighbors) {
    const { address, family } = toIpAddress ?? { address: '', family: IPFamily.V4 };
    if (family === IPFamily.V6) {
      throw new TtrpcError(Code.unimplemented, `Cannot add neighbor "${address}": only those of IPv4 are supported`);
    }
    await runBusybox('arp', '-i', device, '-s', address, lladdr);
  }
}

function findByAddress(address: string): string {
  const found = readdirSync(NET_PATH).find(
    (name) => readFileSync(join(NET_PATH, name, 'address'), 'utf8').trim() === address.toLowerCase(),
  );
  if (found === undefined) {
    throw new TtrpcError(Code.notFound, `No network interface has the address "${address}"`);
  }
  return found;
}
