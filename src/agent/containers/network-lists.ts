/**
 * The current network of the guest, for ListInterfaces and ListRoutes. Parses the output of busybox' `ip`.
 */
import { type Interface, IPFamily, type Route } from '../../runtime-proto/index.ts';
import { runBusybox } from './run-busybox.ts';

type InterfaceInit = Pick<Interface, 'device' | 'hwAddr' | 'mtu' | 'name'> & {
  ipAddresses: { family: IPFamily; address: string; mask: string }[];
};
type RouteInit = Pick<Route, 'dest' | 'device' | 'family' | 'gateway' | 'scope' | 'source'>;

/** Scopes of routes by name; see rtnetlink(7). Other scopes are numbers. */
const SCOPES: Readonly<Record<string, number>> = { global: 0, site: 200, link: 253, host: 254, nowhere: 255 };

export async function listInterfaces(): Promise<InterfaceInit[]> {
  return parseInterfaces(await runBusybox('ip', 'addr'));
}

export async function listRoutes(): Promise<RouteInit[]> {
  return [
    ...parseRoutes(await runBusybox('ip', '-4', 'route'), IPFamily.V4),
    ...parseRoutes(await runBusybox('ip', '-6', 'route'), IPFamily.V6),
  ];
}

/** Lines that are not known are skipped. */
export function parseInterfaces(text: string): InterfaceInit[] {
  const interfaces: InterfaceInit[] = [];
  for (const line of text.split('\n')) {
    const [, name] = /^\d{1,10}: ([^:@ ]{1,15})(?:@[^: ]{1,15})?: /.exec(line) ?? [];
    const [, mtu] = / mtu (\d{1,10})/.exec(line) ?? [];
    if (name !== undefined && mtu !== undefined) {
      interfaces.push({ device: name, name, hwAddr: '', mtu: BigInt(mtu), ipAddresses: [] });
    }
    const last = interfaces.at(-1);
    const [, hwAddr] = /^ +link\/\S+ ([0-9a-f:]+)/.exec(line) ?? [];
    if (last !== undefined && hwAddr !== undefined) {
      last.hwAddr = hwAddr;
    }
    const [, family, address, mask] = /^ +(inet6?) ([0-9a-f:.]+)\/(\d+)/.exec(line) ?? [];
    if (last !== undefined && address !== undefined && mask !== undefined) {
      last.ipAddresses.push({ family: family === 'inet6' ? IPFamily.V6 : IPFamily.V4, address, mask });
    }
  }
  return interfaces;
}

/** The same. An empty `dest` is the default route. */
export function parseRoutes(text: string, family: IPFamily): RouteInit[] {
  return text
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([dest]) => dest !== undefined && /^(default|[0-9a-f:.]+(\/\d+)?)$/.test(dest))
    .map(([dest, ...words]) => {
      const after = (key: string): string => words[words.indexOf(key) + 1] ?? '';
      const read = (key: string): string => (words.includes(key) ? after(key) : '');
      const scope = read('scope');
      return {
        dest: dest === 'default' ? '' : dest!,
        gateway: read('via'),
        device: read('dev'),
        source: read('src'),
        scope: SCOPES[scope] ?? (Number(scope) || 0),
        family,
      };
    });
}
