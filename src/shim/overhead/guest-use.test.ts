import { describe, expect, it } from 'vitest';
import { GuestUseReader } from './guest-use.ts';

const CPU = `# TYPE kata_guest_cpu_time gauge
kata_guest_cpu_time{cpu="total",item="user"} 1000
kata_guest_cpu_time{cpu="total",item="guest"} 500
kata_guest_cpu_time{cpu="total",item="idle"} 90000
kata_guest_cpu_time{item="system",cpu="total"} 20
kata_guest_cpu_time{cpu="0",item="user"} 1000
`;
const MEMORY = `kata_guest_meminfo{item="mem_total"} 2.097152e+06
kata_guest_meminfo{item="mem_available"} 1048576
`;

describe('GuestUseReader', () => {
  it.each([
    ['both', CPU + MEMORY, { memoryBytes: 1048576, cpuMs: new Map([['guest', 1020]]) }],
    ['neither', 'kata_guest_load{item="load1"} 0.1\n', { memoryBytes: undefined, cpuMs: undefined }],
    ['nothing', '', { memoryBytes: undefined, cpuMs: undefined }],
    [
      'memory without a total',
      'kata_guest_meminfo{item="mem_available"} 5\n',
      { memoryBytes: undefined, cpuMs: undefined },
    ],
    [
      'values that are no numbers',
      'kata_guest_cpu_time{cpu="total",item="user"} NaN\n',
      { memoryBytes: undefined, cpuMs: undefined },
    ],
  ])('reads %s', (_, text, use) => {
    expect(new GuestUseReader().read(Buffer.from(text))).toEqual(use);
  });

  it('reads the next text of the same form, and one of another form', () => {
    const reader = new GuestUseReader();
    reader.read(Buffer.from(CPU + MEMORY));
    const next = CPU.replace('1000', '3000') + MEMORY.replace('2.097152e+06', '2097153');
    expect(reader.read(Buffer.from(next))).toEqual({ memoryBytes: 1048577, cpuMs: new Map([['guest', 3020]]) });
    expect(reader.read(Buffer.from(MEMORY + CPU))).toEqual({ memoryBytes: 1048576, cpuMs: new Map([['guest', 1020]]) });
  });
});
