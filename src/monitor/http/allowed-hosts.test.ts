import type { IncomingMessage } from 'node:http';
import { describe, expect, it } from 'vitest';
import { HostCheck } from './allowed-hosts.ts';

const request = (host: string | undefined, localAddress: string | undefined = '127.0.0.1', httpVersion = '1.1') =>
  ({
    headers: { host },
    headersDistinct: host === undefined ? {} : { host: [host] },
    httpVersion,
    socket: { localAddress },
  }) as unknown as IncomingMessage;

const check = new HostCheck({
  allowedHosts: ['Metrics.example.org', '.nodes.example', '*.pods.example'],
  address: { kind: 'tcp', host: 'monitor.internal', port: 8090 },
  ownName: 'Node-1',
});

describe('HostCheck', () => {
  it.each([
    '127.0.0.1:8090',
    '127.0.0.1',
    '10.1.2.3:8090',
    '[::1]:8090',
    '[fd00::2]',
    'localhost:8090',
    'LOCALHOST',
    'localhost.',
    'monitor.localhost:1',
    'ip6-localhost',
    'node-1:8090',
    'monitor.internal:8090',
    'metrics.example.org',
    'metrics.example.org.:443',
    'a.nodes.example',
    'a.b.pods.example',
  ])('allows %j', (host) => {
    expect(check.findFault(request(host))).toBeUndefined();
  });

  it.each([
    'evil.example',
    'evil.example:8090',
    '127.0.0.1.evil.example',
    'localhost.evil.example',
    'node-1.evil.example',
    'nodes.example',
    'evilnodes.example',
    'metrics.example.org.evil.example',
    '',
    ':8090',
    '[evil.example]',
    '[::1',
    'localhost:8090:1',
    'evil.example\u0000localhost',
    'user@localhost',
    '127.1',
    '2130706433',
  ])('rejects %j', (host) => {
    expect(check.findFault(request(host))).toBe('not_allowed');
  });

  it('requires a Host in HTTP/1.1', () => {
    expect(check.findFault(request(undefined))).toBe('missing');
    expect(check.findFault(request(undefined, '127.0.0.1', '1.0'))).toBeUndefined();
  });

  it('rejects several Host headers, over a unix socket too', () => {
    const several = {
      ...request('localhost'),
      headersDistinct: { host: ['localhost', 'localhost'] },
    } as unknown as IncomingMessage;
    expect(check.findFault(several)).toBe('several');
    expect(check.findFault({ ...several, socket: {} } as unknown as IncomingMessage)).toBe('several');
  });

  it('does not check requests over a unix socket', () => {
    expect(check.findFault({ ...request('evil.example'), socket: {} } as unknown as IncomingMessage)).toBeUndefined();
  });

  it('checks requests to other addresses only with --web.allowed-hosts', () => {
    const withoutNames = new HostCheck({ allowedHosts: [] });
    expect(withoutNames.findFault(request('node-1.example.org', '192.0.2.2'))).toBeUndefined();
    expect(withoutNames.findFault(request('node-1.example.org', '::ffff:127.0.0.1'))).toBe('not_allowed');
    expect(withoutNames.findFault(request('node-1.example.org', '::1'))).toBe('not_allowed');
    expect(check.findFault(request('node-1.example.org', '192.0.2.2'))).toBe('not_allowed');
  });

  it('allows every name with *', () => {
    expect(new HostCheck({ allowedHosts: ['*'] }).findFault(request('evil.example'))).toBeUndefined();
  });
});
