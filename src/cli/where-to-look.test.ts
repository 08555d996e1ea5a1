import { describe, expect, it } from 'vitest';
import { formatFirstLine, formatWhereToLook, toReachableUrl } from './where-to-look.ts';

describe('formatWhereToLook', () => {
  it('gives commands and a scrape configuration for this address and these roots', () => {
    const text = formatWhereToLook({
      url: 'http://[::]:8090',
      roots: ['/a', '/b'],
      selfCommand: 'kata-metrics',
      emphasize: (part) => part.toUpperCase(),
    });
    expect(text).toContain('METRICS OF THE SANDBOXES IN /A AND /B:');
    expect(text).toContain('\n  curl http://127.0.0.1:8090/metrics\n');
    expect(text).toContain("\n      static_configs: [{ targets: ['127.0.0.1:8090'] }]\n");
    expect(text).toContain('\n  kata-metrics ls --sandboxes-root /a --sandboxes-root /b\n');
  });

  it('gives commands for a socket, and no scrape configuration, for Prometheus knows no sockets', () => {
    const emphasize = (part: string): string => part;
    const text = formatWhereToLook({
      url: 'unix:///run/m.sock',
      roots: ['/a'],
      selfCommand: 'kata-metrics',
      emphasize,
    });
    expect(text).toContain('\n  /run/m.sock\n');
    expect(text).toContain('\n  curl --unix-socket /run/m.sock http://localhost/metrics\n');
    expect(text).not.toContain('scrape_configs');
  });

  it('gives commands for the debug consoles', () => {
    const emphasize = (part: string): string => part;
    const parts = { url: 'http://127.0.0.1:1', roots: ['/a'], selfCommand: 'kata-metrics', emphasize };
    const consoles = ['/a/one/console.sock', '/a/two/console.sock'];
    const text = formatWhereToLook({ ...parts, consoles });
    expect(text).toContain(consoles.map((path) => `  socat -,raw,echo=0,escape=0x1d UNIX-CONNECT:${path}\n`).join(''));
    expect(formatWhereToLook(parts)).not.toContain('socat');
  });

  it('names the dashboards and the Prometheus that runs', () => {
    const emphasize = (part: string): string => part;
    const parts = { url: 'http://127.0.0.1:1', roots: ['/a'], selfCommand: 'kata-metrics', emphasize };
    const text = formatWhereToLook({ ...parts, dashboards: 'deploy/grafana', prometheusUrl: 'http://127.0.0.1:9090' });
    expect(text).toContain('\nDashboards for Grafana: deploy/grafana/kata-fleet.json and kata-sandbox.json\n');
    expect(text).toContain('\n  http://127.0.0.1:9090/alerts\n');
    expect(text).not.toContain('scrape_configs');
    expect(formatWhereToLook(parts)).not.toMatch(/Grafana|alerts/);
  });

  it('says that TLS is spoken', () => {
    const emphasize = (part: string): string => part;
    const text = formatWhereToLook({ url: 'https://[::]:1', roots: ['/a'], selfCommand: 'kata-metrics', emphasize });
    expect(text).toContain('\n  curl https://127.0.0.1:1/metrics\n');
    expect(text).toContain("\n      scheme: https\n      static_configs: [{ targets: ['127.0.0.1:1'] }]\n");
  });
});

describe('formatFirstLine', () => {
  it.each([
    ['http://[::]:8090', 'http://[::]:8090', 'Open <http://127.0.0.1:8090/> in a browser\n'],
    ['http://0.0.0.0:8090', undefined, 'Metrics: <http://127.0.0.1:8090/metrics>\n'],
    ['unix:///run/m.sock', undefined, 'Metrics: </run/m.sock>\n'],
  ])('%s with the page at %s', (url, pageUrl, line) => {
    expect(formatFirstLine({ url, pageUrl }, (text) => `<${text}>`)).toBe(line);
  });
});

describe('toReachableUrl', () => {
  it.each([
    ['http://[::]:8090', 'http://127.0.0.1:8090'],
    ['http://0.0.0.0:1', 'http://127.0.0.1:1'],
    ['http://[::1]:8090', 'http://[::1]:8090'],
    ['http://10.0.0.0:8090', 'http://10.0.0.0:8090'],
  ])('makes of %s %s', (url, reachable) => {
    expect(toReachableUrl(url)).toBe(reachable);
  });
});
