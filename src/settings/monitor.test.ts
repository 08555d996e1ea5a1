import { describe, expect, it } from 'vitest';
import { formatHelp, OptionError, parseOptions } from '../options/index.ts';
import { type MonitorSettings, monitorOptionTable, toMonitorSettings } from './monitor.ts';

function settings(...args: string[]): MonitorSettings {
  const parsed = parseOptions(monitorOptionTable, args);
  expect(parsed.kind).toBe('values');
  return toMonitorSettings((parsed as Extract<typeof parsed, { kind: 'values' }>).values);
}

describe('options of kata-monitor', () => {
  it('has the defaults of the monitor that it replaces', () => {
    expect(settings()).toEqual({
      listenAddress: { kind: 'tcp', host: '127.0.0.1', port: 8090 },
      lastWords: 'on',
      stateDirectory: undefined,
      webAdminAddress: undefined,
      webAllowedHosts: [],
      webInsecureListen: false,
      webConfig: undefined,
      criSocketPaths: [
        '/run/containerd/containerd.sock',
        '/run/crio/crio.sock',
        '/run/k3s/containerd/containerd.sock',
        '/var/snap/microk8s/common/run/containerd.sock',
        '/run/k0s/containerd.sock',
      ],
      podLabels: [],
      podNames: 'every-sample',
      noDerived: false,
      noHypervisorCounters: false,
      logLevel: 'info',
      logFormat: 'text',
      sandboxesRoot: ['/run/vc/sbs', '/run/kata'],
      noGoCompat: false,
      scrapeTimeoutMs: 10_000,
      timeoutOffsetMs: 500,
      shimTimeoutMs: 3000,
      maxShimRequests: 64,
      maxBodyBytes: 4_194_304,
      maxSamples: 20_000,
      maxFamilies: 2000,
      maxLabels: 32,
      maxLabelValueBytes: 4096,
      maxNameBytes: 512,
      maxHelpBytes: 4096,
      shareBytes: 256 * 1024,
      eventsMaxBytes: 1024 * 1024,
      eventsMaxCount: 1000,
      extraBytes: 4 * 1024 * 1024,
      shareSamples: 5000,
      extraSamples: 40_000,
      maxSandboxes: 4096,
      allowFamilyPrefix: [],
      guestExporters: [],
      guestExportersInMetrics: false,
      metricsProfile: 'full',
      metricsAllow: [],
      metricsDeny: [],
      otlp: undefined,
      otlpCaFile: undefined,
      otlpCertFile: undefined,
      otlpCompression: 'gzip',
      otlpEndpoint: undefined,
      otlpHeaders: [],
      otlpIntervalMs: 60_000,
      otlpKeyFile: undefined,
      otlpProtocol: 'http/protobuf',
      otlpResourceAttributes: [],
      otlpTimeoutMs: 10_000,
      webMaxRequests: 40,
    });
  });

  it.each([
    [['-listen-address=:9090'], { listenAddress: { kind: 'tcp', host: undefined, port: 9090 } }],
    [['--listen-address=0.0.0.0:8090'], { listenAddress: { kind: 'tcp', host: '0.0.0.0', port: 8090 } }],
    [['--web.config.file=a'], { webConfig: { kind: 'file', path: 'a' } }],
    [['--tls-cert-file=a', '--tls-key-file=b'], { webConfig: { kind: 'tls', certFile: 'a', keyFile: 'b' } }],
    [
      ['--web.admin-address=:1', '--web.insecure-listen'],
      { webAdminAddress: { kind: 'tcp', host: undefined, port: 1 } },
    ],
    [['--log-level=WARNING'], { logLevel: 'warn' }],
    [['--web.admin-address=unix:///run/a'], { webAdminAddress: { kind: 'unix', path: '/run/a' } }],
    [['--listen-address', '[::1]:0'], { listenAddress: { kind: 'tcp', host: '::1', port: 0 } }],
    [['-runtime-endpoint', 'unix:///run/crio/crio.sock'], { criSocketPaths: ['/run/crio/crio.sock'] }],
    [['--runtime-endpoint=unix:/run/crio/crio.sock'], { criSocketPaths: ['/run/crio/crio.sock'] }],
    [['-log-level', 'panic'], { logLevel: 'panic' }],
    [['--sandboxes-root=/a', '-sandboxes-root', '/b'], { sandboxesRoot: ['/a', '/b'] }],
    [['--no-go-compat'], { noGoCompat: true }],
    [['--shim-timeout', '250ms'], { shimTimeoutMs: 250 }],
    [
      ['--guest-exporter=node=9100,app', '--guest-exporter=dcgm=unix:/run/dcgm.sock'],
      {
        guestExporters: [
          { name: 'node', address: '9100' },
          { name: 'app', address: undefined },
          { name: 'dcgm', address: 'unix:/run/dcgm.sock' },
        ],
      },
    ],
    [['--allow-family-prefix=my_,your_', '--allow-family-prefix=my_'], { allowFamilyPrefix: ['my_', 'your_'] }],
    [
      [
        '--metrics.profile=minimal',
        '--metrics.allow=kata_guest_netdev_stat, kata_agent_',
        '--metrics.deny=kata_agent_io',
      ],
      {
        metricsProfile: 'minimal',
        metricsAllow: ['kata_guest_netdev_stat', 'kata_agent_'],
        metricsDeny: ['kata_agent_io'],
      },
    ],
    [['--metrics.deny=kata_shim_', '--metrics.allow=kata_shim_fds'], { metricsAllow: ['kata_shim_fds'] }],
  ] satisfies [string[], Partial<MonitorSettings>][])('takes %j', (args, expected) => {
    expect(settings(...args)).toMatchObject(expected);
  });

  it.each([
    [
      ['--listen-address=localhost'],
      'Option "--listen-address" must be host:port with a port from 0 to 65535, or unix:///path with at most 107 bytes, got "localhost"',
    ],
    [
      ['--web.admin-address=:8090'],
      'Option "--web.admin-address" must be an address that only this machine can reach, or be used with --web.config.file or --web.insecure-listen, got ":8090"',
    ],
    [['--web.admin-address=node-1:8090'], 'got "node-1:8090"'],
    [[`--listen-address=unix:///${'a'.repeat(107)}`], 'or unix:///path with at most 107 bytes, got "unix:///aaa'],
    [['--tls-cert-file=a'], 'Option "--tls-cert-file" requires "--tls-key-file"'],
    [['--tls-key-file=a'], 'Option "--tls-key-file" requires "--tls-cert-file"'],
    [
      ['--tls-cert-file=a', '--tls-key-file=b', '--web.config.file=c'],
      'Option "--tls-cert-file" cannot be used with "--web.config.file"',
    ],
    [['--runtime-endpoint='], 'Option "--runtime-endpoint" must be the absolute path of a socket'],
    [['--runtime-endpiont=/run/x'], 'Unknown option "--runtime-endpiont"; did you mean "--runtime-endpoint"?'],
    [['--listen-address=a:70000'], 'got "a:70000"'],
    [
      ['--runtime-endpoint=run/x'],
      'Option "--runtime-endpoint" must be the absolute path of a socket, with or without unix:, got "run/x"',
    ],
    [['--log-format=xml'], 'Option "--log-format" must be one of text, json, got "xml"'],
    [['--max-labels=257'], 'Option "--max-labels" must be an integer from 1 to 256, got "257"'],
    [['--allow-family-prefix='], 'Option "--allow-family-prefix" must be prefixes of family names, got ""'],
    [['--allow-family-prefix=a_,b-c'], 'Option "--allow-family-prefix" must be prefixes of family names, got "b-c"'],
    [
      ['--allow-family-prefix=kata_sandbox_mine'],
      'Option "--allow-family-prefix" must not begin with kata_ended_sandboxes_, kata_monitor_ or kata_sandbox_, which are reserved for the monitor, got "kata_sandbox_mine"',
    ],
    [['--guest-exporter=node=0'], 'Option "--guest-exporter" must be <name>, <name>=<port>'],
    [['--guest-exporter=Node=1'], 'got "Node=1"'],
    [['--guest-exporter=node=1,node=2'], 'Option "--guest-exporter" must not give the same name twice, got "node"'],
    [['--guest-exporters-in-metrics'], 'Option "--guest-exporters-in-metrics" requires "--guest-exporter"'],
    [['--metrics.profile=small'], 'Option "--metrics.profile" must be one of full, standard, minimal, got "small"'],
    [
      ['--metrics.profile=minimal', '--no-derived'],
      'Option "--no-derived" cannot be used with "--metrics.profile minimal"',
    ],
    [['--metrics.deny=*'], 'Option "--metrics.deny" must be prefixes of family names, got "*"'],
    [
      ['--metrics.allow=kata_guest_'],
      'Option "--metrics.allow" has no effect with "--metrics.profile full" and without "--metrics.deny"',
    ],
    [['--sandboxes-root='], 'Option "--sandboxes-root" must be a directory, got ""'],
    [['--shim-timeout=3'], 'Option "--shim-timeout" must be a duration from 1ms to 10m, got "3"'],
    [['--max-shim-requests=1'], 'Option "--max-shim-requests" must be an integer from 2 to 4096, got "1"'],
  ])('refuses %j', (args, message) => {
    expect(() => settings(...args)).toThrow(OptionError);
    expect(() => settings(...args)).toThrow(message);
  });

  it.each([
    [
      ['--log-level=loud'],
      'Option "--log-level" must be one of trace, debug, info, warn, error, fatal, panic, got "loud"',
    ],
    [['--runtime-endpoint=tcp://127.0.0.1:1'], 'Option "--runtime-endpoint" must be a unix socket, got "tcp://'],
  ])('takes %j with a notice', (args, message) => {
    const parsed = parseOptions(monitorOptionTable, args);
    const { values, notices } = parsed as Extract<typeof parsed, { kind: 'values' }>;
    const all = [...notices];
    const { logLevel, criSocketPaths } = toMonitorSettings(values, all);
    expect(all).toEqual([expect.stringContaining(message)]);
    expect([logLevel === 'warn', criSocketPaths.length === 0]).toContain(true);
  });

  it('has help for every option', () => {
    const help = formatHelp('kata-monitor [options]', 'About.', monitorOptionTable);
    expect(help).toContain('--listen-address <address>');
    expect(Object.keys(monitorOptionTable).filter((name) => !help.includes(`--${name}`))).toEqual([]);
  });
});
