import { describe, expect, it } from 'vitest';
import { parseOptions } from '../options/index.ts';
import { otlpOptionTable, toOtlpSettings, withOtelVariables } from './otlp.ts';

function read(...args: string[]) {
  const parsed = parseOptions(otlpOptionTable, args);
  if (parsed.kind !== 'values') {
    throw new Error(parsed.kind);
  }
  return toOtlpSettings(parsed.values);
}

const E = '--otlp.endpoint=http://collector:4318';

describe('toOtlpSettings', () => {
  it('is off without an endpoint', () => {
    expect(read()).toBeUndefined();
    expect(read('--otlp.endpoint=')).toBeUndefined();
  });

  it.each([
    ['http://collector:4318', 'http://collector:4318/v1/metrics'],
    ['http://collector:4318/', 'http://collector:4318/v1/metrics'],
    ['https://x/otlp', 'https://x/otlp/v1/metrics'],
    ['http://vm:8428/opentelemetry/v1/metrics', 'http://vm:8428/opentelemetry/v1/metrics'],
    ['http://[::1]:4318/v1/metrics/', 'http://[::1]:4318/v1/metrics'],
  ])('%s', (endpoint, url) => {
    expect(read(`--otlp.endpoint=${endpoint}`)?.url.href).toBe(url);
  });

  it('reads headers and attributes as OpenTelemetry does', () => {
    const settings = read(
      E,
      '--otlp.headers=Authorization=Basic%20YTpi,x-scope-orgid = a=b ,',
      '--otlp.resource-attributes=k8s.cluster.name=prod',
    );
    expect(settings?.headers).toEqual({ authorization: 'Basic YTpi', 'x-scope-orgid': 'a=b' });
    expect(settings?.resourceAttributes).toEqual({ 'k8s.cluster.name': 'prod' });
  });

  it.each([
    ['--otlp.endpoint=collector:4318', 'must be http://host:port or https://host:port, got "collector:4318"'],
    ['--otlp.endpoint=http://a:b@x', 'must not contain a password'],
    ['--otlp.endpoint=http://x?y', 'neither a query nor a fragment'],
    ['--otlp.headers=a', '"--otlp.headers" must be name=value'],
    ['--otlp.headers=a=%zz', '"--otlp.headers" must be name=value'],
    ['--otlp.headers=a b=secret', 'a header that cannot be sent: "a b"'],
    ['--otlp.headers=a=x%0d%0ay', 'a header that cannot be sent: "a"'],
    ['--otlp.headers=Content-Length=1', 'a header that cannot be sent: "content-length"'],
    ['--otlp.protocol=thrift', 'http/protobuf'],
    ['--otlp.headers=te=1', 'a header that cannot be sent: "te"'],
    ['--otlp.cert-file=x', 'require each other'],
  ])('rejects %s', (arg, message) => {
    expect(() => read(E, arg)).toThrow(message);
  });
});

it('has no path with gRPC', () => {
  expect(read('--otlp.endpoint=http://c:4317/', '--otlp.protocol=grpc')?.url.href).toBe('http://c:4317/');
  expect(() => read('--otlp.endpoint=http://c:4317/v1/metrics', '--otlp.protocol=grpc')).toThrow('must have no path');
});

describe('withOtelVariables', () => {
  const toName = (option: string): string => `X_${option.replace(/[-.]/g, '_').toUpperCase()}`;
  const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c' };

  it.each([
    [endpoint, { X_OTLP_ENDPOINT: 'http://c' }],
    [{ ...endpoint, OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: 'http://m' }, { X_OTLP_ENDPOINT: 'http://m' }],
    [{ ...endpoint, X_OTLP_ENDPOINT: 'http://own' }, { X_OTLP_ENDPOINT: 'http://own' }],
    [{ ...endpoint, X_OTLP_ENDPOINT: '' }, { X_OTLP_ENDPOINT: 'http://c' }],
    [{ ...endpoint, OTEL_EXPORTER_OTLP_TIMEOUT: '5000' }, { X_OTLP_TIMEOUT: '5000ms' }],
    [{ ...endpoint, OTEL_METRIC_EXPORT_INTERVAL: '30000' }, { X_OTLP_INTERVAL: '30000ms' }],
    [{ ...endpoint, OTEL_EXPORTER_OTLP_CERTIFICATE: '/ca' }, { X_OTLP_CA_FILE: '/ca' }],
    [{ ...endpoint, OTEL_RESOURCE_ATTRIBUTES: 'a=b' }, { X_OTLP_RESOURCE_ATTRIBUTES: 'a=b' }],
  ])('%j', (environment, expected) => {
    expect(withOtelVariables(environment, toName, false)).toMatchObject(expected);
  });

  it.each([
    { OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' },
    { ...endpoint, OTEL_SDK_DISABLED: 'TRUE', OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' },
    { ...endpoint, OTEL_METRICS_EXPORTER: 'none' },
  ])('changes nothing for %j', (environment) => {
    expect(withOtelVariables(environment, toName, false)).toBe(environment);
  });

  it('takes the other variables for an endpoint of the command line', () => {
    expect(withOtelVariables({ OTEL_EXPORTER_OTLP_HEADERS: 'a=b' }, toName, true)).toMatchObject({
      X_OTLP_HEADERS: 'a=b',
    });
  });
});
