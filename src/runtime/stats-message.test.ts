import { create } from '@bufbuild/protobuf';
import { anyUnpack } from '@bufbuild/protobuf/wkt';
import { expect, it } from 'vitest';
import { StatsContainerResponseSchema } from '../proto/index.ts';
import { CgroupMetricsSchema } from '../runtime-proto/index.ts';
import { toMetricsAny } from './stats-message.ts';

const MAX = 2n ** 64n - 1n;

it('a guest whose counters add up to more than a field holds has the largest value, and no failed response', () => {
  const entry = (op: string, value: bigint) => ({ major: 254n, minor: 0n, op, value });
  const stats = create(StatsContainerResponseSchema, {
    cgroupStats: {
      blkioStats: {
        ioServiceBytesRecursive: [entry('Read', MAX), entry('Read', 1n), entry('Write', MAX), entry('Write', MAX)],
        ioServicedRecursive: [entry('Read', 3n), entry('Read', 4n), entry('Sync', MAX)],
      },
    },
  });
  const metrics = anyUnpack(toMetricsAny(stats), CgroupMetricsSchema);
  expect(metrics?.io?.usage).toMatchObject([{ major: 254n, minor: 0n, rbytes: MAX, wbytes: MAX, rios: 7n, wios: 0n }]);
});
