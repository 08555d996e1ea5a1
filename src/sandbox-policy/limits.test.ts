import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { profiles, sandboxErrorReasons } from '../catalog/index.ts';
import { parseOptions } from '../options/index.ts';
import { defaultSandboxLimits, sandboxLimitOptions } from './limits.ts';

const text = readFileSync(join(import.meta.dirname, '../../docs/profiles.md'), 'utf8');

describe('Bounds of a sandbox', () => {
  it('are what the options are when none is given', () => {
    expect(parseOptions(sandboxLimitOptions, [])).toMatchObject({ kind: 'values', values: defaultSandboxLimits });
  });

  it.each(Object.keys(sandboxLimitOptions))('--%s has its reason in the document', (flag) => {
    const [, reason = ''] = new RegExp(`^\\| \`--${flag}\` \\| \`([a-z_]+)\` \\|`, 'm').exec(text) ?? [];
    expect(Object.keys(sandboxErrorReasons)).toContain(reason);
  });
});

describe('The document of profiles', () => {
  it.each(profiles)('has %s', (profile) => {
    expect(text).toContain(`| \`${profile}\` | `);
  });
});
