import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { AnySchema } from '@bufbuild/protobuf/wkt';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BootstrapParamsSchema, TaskServiceV2 } from '../runtime-proto/index.ts';
import { encodeDeleteResponse, isBootstrapParams } from './launcher-messages.ts';

describe('encodeDeleteResponse', () => {
  it.each([
    [137, 1_800_000_000_250],
    [0, 0],
    [255, 4_102_444_800_000],
  ])('is the message of containerd for status %i at %i ms', (exitStatus, exitedAtMs) => {
    const message = fromBinary(TaskServiceV2.method.delete.output, encodeDeleteResponse({ exitStatus, exitedAtMs }));
    const { seconds, nanos } = message.exitedAt!;
    expect(message.exitStatus).toBe(exitStatus);
    expect(Number(seconds) * 1000 + nanos / 1e6).toBe(exitedAtMs);
  });
});

describe('isBootstrapParams', () => {
  const params = create(BootstrapParamsSchema, {
    instanceId: 'a',
    namespace: 'k8s.io',
    logLevel: -4,
    containerdTtrpcAddress: '/run/c.sock.ttrpc',
    extensions: [{ value: { typeUrl: 'x', value: Buffer.alloc(300) } }],
  });
  const options = create(AnySchema, { typeUrl: 'runtimeoptions.v1.Options', value: Buffer.from('path') });
  it.each([
    ['nothing', Buffer.alloc(0), false],
    ['options of the runtime', Buffer.from(toBinary(AnySchema, options)), false],
    ['the parameters of containerd 2.3', Buffer.from(toBinary(BootstrapParamsSchema, params)), true],
    ['text', Buffer.from('{"version":2}'), false],
  ])('of %s', (_, bytes, expected) => {
    expect(isBootstrapParams(bytes)).toBe(expected);
  });

  it('ends for any bytes', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 200 }),
        (bytes) => typeof isBootstrapParams(Buffer.from(bytes)) === 'boolean',
      ),
    );
  });
});
