import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { parsePageSizeBytes, readPageSizeBytes, TICKS_PER_SECOND } from './machine.ts';

describe('the constants of the machine', () => {
  it('are what getconf says', () => {
    expect(readPageSizeBytes()).toBe(Number(execFileSync('getconf', ['PAGESIZE'])));
    expect(TICKS_PER_SECOND).toBe(Number(execFileSync('getconf', ['CLK_TCK'])));
  });

  it('are not invented where they cannot be read', () => {
    expect(readPageSizeBytes('/no/such/file')).toBeUndefined();
    expect(parsePageSizeBytes(Buffer.alloc(0))).toBeUndefined();
    expect(parsePageSizeBytes(Buffer.alloc(24))).toBeUndefined();
  });
});
