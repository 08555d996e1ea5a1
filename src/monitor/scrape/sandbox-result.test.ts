import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { type SandboxErrorReason as CatalogReason, sandboxErrorReasons } from '../../catalog/index.ts';
import type { SandboxErrorReason } from './sandbox-result.ts';

describe('Reasons', () => {
  it('are the same in code and catalog', () => {
    expectTypeOf<SandboxErrorReason>().toEqualTypeOf<CatalogReason>();
  });

  it('are the same in catalog and document', () => {
    const text = readFileSync(join(import.meta.dirname, '../../../docs/metrics.md'), 'utf8');
    const chapter = text.slice(text.indexOf('\n## Reasons\n'));
    const listed = [...chapter.matchAll(/^\| `([a-z0-9_]+)` \| \S/gm)].map(([, reason]) => reason);
    expect(listed).toEqual(Object.keys(sandboxErrorReasons).sort());
  });
});
