import { describe, expect, it } from 'vitest';
import { parseNetstatOctets } from './net-netstat.ts';

const tcp = 'TcpExt: SyncookiesSent InOctets\nTcpExt: 0 9\n';

describe('parseNetstatOctets', () => {
  it.each([
    [
      `${tcp}IpExt: InNoRoutes InOctets OutOctets InMcast\nIpExt: 0 9223372036854775807 7 0\n`,
      '9223372036854775807',
      '7',
      0,
    ],
    ['IpExt: OutOctets InOctets\nIpExt: 1 2\nMPTcpExt: a\nMPTcpExt: 1\n', '2', '1', 0],
    ['', undefined, undefined, 0],
    [tcp, undefined, undefined, 0],
    ['IpExt: InNoRoutes\nIpExt: 0\n', undefined, undefined, 0],
    ['IpExt: InOctets\nIpExt: 5\n', '5', undefined, 0],
    ['IpExt: InOctets OutOctets\n', undefined, undefined, 2],
    ['IpExt: InOctets OutOctets\nIpExt: 1\n', '1', undefined, 1],
    ['IpExt: InOctets OutOctets\nIpExt: -2 x\n', undefined, undefined, 2],
  ])('reads %j', (text, inOctets, outOctets, skippedCount) => {
    const skipped: string[] = [];
    expect(parseNetstatOctets(text, (line) => void skipped.push(line))).toEqual({ inOctets, outOctets });
    expect(skipped).toHaveLength(skippedCount);
  });
});
