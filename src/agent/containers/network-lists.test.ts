import { describe, expect, it } from 'vitest';
import { IPFamily } from '../../runtime-proto/index.ts';
import { parseInterfaces, parseRoutes } from './network-lists.ts';

/** Printed by busybox 1.35. */
const ADDRESSES = `1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue qlen 1000
    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00
    inet 127.0.0.1/8 scope host lo
       valid_lft forever preferred_lft forever
    inet6 ::1/128 scope host 
       valid_lft forever preferred_lft forever
4: eth0@if7: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1400 qdisc pfifo_fast qlen 1000
    link/ether 02:fc:00:00:00:01 brd ff:ff:ff:ff:ff:ff
    inet 192.0.2.2/24 brd 192.0.2.255 scope global eth0
       valid_lft forever preferred_lft forever
5: sit0: <NOARP> mtu 1480 qdisc noop qlen 1000
    link/sit 0.0.0.0 brd 0.0.0.0
`;

describe('parseInterfaces', () => {
  it('reads names, addresses and MTUs', () => {
    const { V4, V6 } = IPFamily;
    expect(parseInterfaces(ADDRESSES)).toMatchObject([
      {
        name: 'lo',
        hwAddr: '00:00:00:00:00:00',
        mtu: 65_536n,
        ipAddresses: [
          { family: V4, address: '127.0.0.1', mask: '8' },
          { family: V6, address: '::1', mask: '128' },
        ],
      },
      {
        name: 'eth0',
        device: 'eth0',
        hwAddr: '02:fc:00:00:00:01',
        mtu: 1400n,
        ipAddresses: [{ family: V4, address: '192.0.2.2', mask: '24' }],
      },
      { name: 'sit0', mtu: 1480n, ipAddresses: [] },
    ]);
  });

  it.each(['', 'nothing\n', '    inet 1.2.3.4/8\n'])('finds none in %j', (text) => {
    expect(parseInterfaces(text)).toEqual([]);
  });
});

describe('parseRoutes', () => {
  const route = { gateway: '', device: 'eth0', source: '', scope: 0, family: IPFamily.V4 };
  it.each([
    ['default via 192.0.2.1 dev eth0 ', { ...route, dest: '', gateway: '192.0.2.1' }],
    [
      '192.0.2.0/24 dev eth0 scope link  src 192.0.2.2 ',
      { ...route, dest: '192.0.2.0/24', source: '192.0.2.2', scope: 253 },
    ],
    ['169.254.1.1 dev eth0 scope 77', { ...route, dest: '169.254.1.1', scope: 77 }],
    ['fd00::/64 dev eth0  metric 256 ', { ...route, dest: 'fd00::/64' }],
  ])('reads %j', (line, expected) => {
    expect(parseRoutes(`${line}\n`, IPFamily.V4)).toEqual([expected]);
  });

  it('skips what is no route to a network', () => {
    expect(parseRoutes('multicast ff00::/8 dev eth0\nunreachable default dev lo\n\n', IPFamily.V6)).toEqual([]);
  });
});
