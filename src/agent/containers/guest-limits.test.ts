import { describe, expect, it } from 'vitest';
import { toGuestLimits } from './guest-limits.ts';

const MIB = 1024 * 1024;
const meminfo = (availableMib: number): string =>
  `MemTotal:       99999999 kB\nMemFree:         10000 kB\nMemAvailable:    ${availableMib * 1024} kB\n`;

describe('toGuestLimits', () => {
  it.each([
    ['of 320 MiB', 110, 62, 128],
    ['of 512 MiB', 290, 242, 484],
    ['of 4 GiB', 3800, 3752, 7504],
    ['without memory', 10, 32, 128],
  ])('leaves a part to the guest: %s', (_, availableMib, memoryMib, processes) => {
    expect(toGuestLimits(meminfo(availableMib))).toEqual({ memoryBytes: memoryMib * MIB, processes });
  });

  it.each(['', 'MemTotal: 1 kB\n', 'MemAvailable: x kB\n'])(
    'has none where the kernel reports no memory: %j',
    (text) => {
      expect(toGuestLimits(text)).toBeUndefined();
    },
  );
});
