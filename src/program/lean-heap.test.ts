import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';

/** In a separate process: flags of V8 would be those of all tests in this one. */
function runWith(script: string): string {
  const source = `import { allowOptimization, exposeCollector, holdOptimization, isOptimizationHeld } from '${import.meta.resolve('./lean-heap.ts')}'; ${script}`;
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', source], {
    encoding: 'utf8',
  });
  expect(stderr).toBe('');
  return stdout;
}

describe('exposeCollector', () => {
  it('makes the collector of V8 a global function that frees what is not referred to', () => {
    const script = `
      let collected = 0;
      const registry = new FinalizationRegistry(() => { collected += 1; });
      console.log(typeof globalThis.gc);
      exposeCollector();
      (() => registry.register({}))();
      // V8 reports it in a later turn of the event loop, which one is not defined.
      const report = (turns) => {
        if (collected === 0 && turns > 0) {
          setImmediate(report, turns - 1);
        } else {
          console.log(typeof globalThis.gc, collected);
        }
      };
      setTimeout(() => { gc(); report(10_000); });`;
    expect(runWith(script)).toBe('undefined\nfunction 1\n');
  });
});

describe('holdOptimization', () => {
  it('holds until optimization is allowed, which is for good', () => {
    const script = `
      const seen = [isOptimizationHeld()];
      for (const step of [holdOptimization, allowOptimization, allowOptimization]) { step(); seen.push(isOptimizationHeld()); }
      console.log(seen.join());`;
    expect(runWith(script)).toBe('false,true,false,false\n');
  });
});
