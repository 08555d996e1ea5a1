import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { keepNames, noLabels, planMerge, type Scan, writeText } from '../exposition/index.ts';
import { everything, FamilySelection, sandboxRules } from '../sandbox-policy/index.ts';
import { BodyReader } from './body-reader.ts';

const bodies = ['go-shim', 'kata-shim', 'runtime-rs'].map((maker) =>
  readFileSync(join(import.meta.dirname, `../../test/fixtures/bodies/${maker}.metrics.txt`)),
);

function print(scan: Scan): string {
  return [...writeText(planMerge([{ id: '', scan, labels: noLabels, naming: keepNames }]))].join('');
}

describe('figures of a body', () => {
  it.each(['minimal', 'standard'] as const)('do not depend on the profile: %s', (metricsProfile) => {
    const selection = new FamilySelection({ metricsProfile, metricsAllow: [], metricsDeny: ['kata_guest_'] });
    const full = new BodyReader({ rules: sandboxRules, selection: everything });
    const small = new BodyReader({ rules: sandboxRules, selection });
    for (const body of [...bodies, ...bodies]) {
      const expected = print(full.read('a', body).figures);
      expect(expected).toContain('kata_sandbox_memory_working_set_bytes ');
      expect(print(small.read('a', body).figures)).toBe(expected);
      expect(small.read('a', body).scan.sampleCount).toBeLessThan(full.read('a', body).scan.sampleCount);
      const half = body.subarray(0, body.length / 2);
      expect(print(small.readPart(half).figures)).toBe(print(full.readPart(half).figures));
    }
  });
});
