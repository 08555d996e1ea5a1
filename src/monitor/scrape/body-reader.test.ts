import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { keepNames, noLabels, planMerge, runToEnd, type Scan, writeText } from '../../exposition/index.ts';
import { everything, FamilySelection, sandboxRules } from '../../sandbox-policy/index.ts';
import { BodyReader } from './body-reader.ts';

const bodies = ['go-shim', 'kata-shim', 'runtime-rs'].map((runtime) =>
  readFileSync(join(import.meta.dirname, `../../../test/fixtures/bodies/${runtime}.metrics.txt`)),
);

function print(scan: Scan): string {
  return [...writeText(planMerge([{ id: '', scan, labels: noLabels, naming: keepNames }]))].join('');
}

describe('derived metrics of a body', () => {
  it.each(['minimal', 'standard'] as const)('do not depend on the profile: %s', (metricsProfile) => {
    const selection = new FamilySelection({ metricsProfile, metricsAllow: [], metricsDeny: ['kata_guest_'] });
    const full = new BodyReader({ rules: sandboxRules, selection: everything });
    const small = new BodyReader({ rules: sandboxRules, selection });
    for (const body of [...bodies, ...bodies]) {
      const expected = print(runToEnd(full.read('a', body)).derived);
      expect(expected).toContain('kata_sandbox_memory_working_set_bytes ');
      expect(print(runToEnd(small.read('a', body)).derived)).toBe(expected);
      expect(runToEnd(small.read('a', body)).scan.form.sampleCount).toBeLessThan(
        runToEnd(full.read('a', body)).scan.form.sampleCount,
      );
      const half = body.subarray(0, body.length / 2);
      expect(print(runToEnd(small.readPart(half)).derived)).toBe(print(runToEnd(full.readPart(half)).derived));
    }
  });
});

describe('whether the guest responded', () => {
  const selections = {
    full: everything,
    minimal: new FamilySelection({ metricsProfile: 'minimal', metricsAllow: [], metricsDeny: ['kata_guest_'] }),
  };
  const withoutGuest = (body: Buffer): Buffer => Buffer.from(body.toString().replace(/^kata_guest_.*\n/gm, ''));
  const upTo = (body: Buffer, name: string): Buffer => body.subarray(0, body.indexOf(`\n# HELP ${name}`));

  it.each(['full', 'minimal'] as const)(
    'is recognized in the body of every runtime, whatever is shown of it: %s',
    (name) => {
      const reader = new BodyReader({ rules: sandboxRules, selection: selections[name] });
      for (const body of [...bodies, ...bodies]) {
        expect(runToEnd(reader.read('a', body)).isGuestUp).toBe(true);
        // HELP and TYPE of guest families without samples are no response.
        expect(runToEnd(reader.read('a', withoutGuest(body))).isGuestUp).toBe(false);
        expect(runToEnd(reader.readPart(upTo(body, 'kata_guest_'))).isGuestUp).toBe(false);
        expect(runToEnd(reader.readPart(upTo(body, 'kata_guest_vm_stat'))).isGuestUp).toBe(true);
      }
    },
  );
});
