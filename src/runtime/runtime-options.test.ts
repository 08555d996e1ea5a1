import { create, toBinary } from '@bufbuild/protobuf';
import { type Any, AnySchema } from '@bufbuild/protobuf/wkt';
import { describe, expect, it } from 'vitest';
import { BootstrapParamsSchema, RuntimeOptionsSchema } from '../runtime-proto/index.ts';
import { readConfigPath } from './runtime-options.ts';

const options = create(AnySchema, {
  typeUrl: 'runtimeoptions.v1.Options',
  value: toBinary(RuntimeOptionsSchema, create(RuntimeOptionsSchema, { configPath: '/etc/c.toml' })),
});
const params = (value: Any[]) =>
  toBinary(
    BootstrapParamsSchema,
    create(BootstrapParamsSchema, {
      instanceId: 'a',
      containerdTtrpcAddress: '/s',
      extensions: value.map((each) => ({ value: each })),
    }),
  );

describe('readConfigPath', () => {
  it.each([
    ['options alone, as before containerd 2.3', toBinary(AnySchema, options), '/etc/c.toml'],
    ['options among parameters', params([options]), '/etc/c.toml'],
    ['parameters without options', params([]), undefined],
    ['nothing', new Uint8Array(), undefined],
  ])('of %s', (_, bytes, path) => {
    expect(readConfigPath(Buffer.from(bytes))).toBe(path);
  });
});
