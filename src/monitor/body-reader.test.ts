import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { countSamples, type Scan } from '../exposition/index.ts';
import { BodyReader } from './body-reader.ts';
import { FamilySelection, type FamilySelectionOptions } from './family-selection.ts';
import { sandboxRules } from './sandbox-rules.ts';

const goBody = readFileSync(join(import.meta.dirname, '../../test/fixtures/bodies/go-shim.metrics.txt'));

function createReader(selection: Partial<FamilySelectionOptions>): BodyReader {
  const all = { metricsProfile: 'full', metricsAllow: [], metricsDeny: [], ...selection } as const;
  return new BodyReader({ rules: sandboxRules, selection: new FamilySelection(all) });
}

/** Samples by family. */
function samplesOf(scan: Scan): Record<string, number> {
  return Object.fromEntries(scan.families.map((family) => [family.name, countSamples(family)]));
}

/** Series with their values. */
function linesOf({ families, lines }: Scan): string[] {
  return families.flatMap(({ segments }) =>
    segments.flatMap(({ from, to }) => Array.from({ length: to - from }, (_, i) => lines.textOf(from + i))),
  );
}

describe('BodyReader', () => {
  it('has everything in profile full', () => {
    const { scan } = createReader({}).read('a', goBody);
    expect(scan.sampleCount).toBe(754);
  });

  it('has only what the profile wants, and figures from more than that', () => {
    const { scan, figures } = createReader({ metricsProfile: 'minimal' }).read('a', goBody);
    expect(samplesOf(scan)).toEqual({ kata_guest_vm_stat: 1 });
    expect(scan.sampleCount).toBe(1);
    expect(linesOf(scan)).toEqual([expect.stringMatching(/^kata_guest_vm_stat\{item="oom_kill"\} /)]);
    expect(linesOf(figures)).toEqual(linesOf(createReader({}).read('a', goBody).figures));
  });

  it.each<[title: string, selection: Partial<FamilySelectionOptions>]>([
    ['minimal', { metricsProfile: 'minimal' }],
    ['standard', { metricsProfile: 'standard' }],
    ['minimal and a part of what figures need', { metricsProfile: 'minimal', metricsAllow: ['kata_guest_load'] }],
    ['full but for a family', { metricsDeny: ['kata_guest_vm_stat'] }],
  ])('gives the same of a body whether it knows one like it or not: %s', (_, selection) => {
    const reader = createReader(selection);
    const other = Buffer.from(goBody.toString().replaceAll(/ 0$/gm, ' 17'));
    reader.read('a', goBody);
    const [known, unknown] = [reader.read('b', other), createReader(selection).read('b', other)];
    expect(linesOf(known.scan)).toEqual(linesOf(unknown.scan));
    expect(linesOf(known.figures)).toEqual(linesOf(unknown.figures));
    expect(known.scan.sampleCount).toBe(linesOf(known.scan).length);
  });

  it('does not count faults in what nobody wants', () => {
    const body = Buffer.from(`kata_agent_x one\nkata_guest_load{broken 1\n${goBody}`);
    const { scan } = createReader({ metricsProfile: 'minimal' }).read('a', body);
    expect([...scan.faultCounts]).toEqual([]);
    expect(samplesOf(scan)).toEqual({ kata_guest_vm_stat: 1 });
  });

  it('says where in the body a fault is', () => {
    const lines = goBody.toString().split('\n');
    lines.splice(100, 0, 'kata_shim_agent_up one');
    const body = Buffer.from(lines.join('\n'));
    for (const selection of [{}, { metricsProfile: 'minimal' }] as const) {
      const { faults } = createReader(selection).read('a', body).scan;
      expect(faults).toEqual([{ reason: 'bad_value', line: 101, column: 20, family: 'kata_shim_agent_up' }]);
    }
  });

  it('keeps of half a body the families that are whole', () => {
    const reader = createReader({ metricsProfile: 'minimal', metricsAllow: ['kata_guest_load', 'kata_shim_threads'] });
    const text = '# TYPE kata_shim_threads gauge\nkata_shim_threads 7\n# TYPE kata_guest_load gauge\n';
    const cutInWanted = reader.readPart(Buffer.from(`${text}kata_guest_load{item="load1"} 1\nkata_gue`));
    expect(samplesOf(cutInWanted.scan)).toEqual({ kata_shim_threads: 1 });
    const cutInOther = reader.readPart(Buffer.from('kata_shim_threads 7\nkata_agent_x 1\nkata_agent_x'));
    expect(samplesOf(cutInOther.scan)).toEqual({ kata_shim_threads: 1 });
  });
});
