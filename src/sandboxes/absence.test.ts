import { mkdirSync, mkdtempSync, rmSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findAbsence } from './absence.ts';
import { type Sandbox, sandboxIn } from './sandbox.ts';

const NOW_MS = 1_800_000_000_000;
let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'ka-'));
});

afterEach(() => {
  rmSync(root, { recursive: true });
});

function make(seenAgoMs: number, changedAgoMs: number): Sandbox {
  const sandbox = sandboxIn(root, 'a', NOW_MS - seenAgoMs);
  mkdirSync(sandbox.directory);
  utimesSync(sandbox.directory, (NOW_MS - changedAgoMs) / 1000, (NOW_MS - changedAgoMs) / 1000);
  return sandbox;
}

describe('findAbsence', () => {
  it.each([
    ['starting', 1000, 1000],
    ['starting', 29_000, 29_000],
    ['lasting', 31_000, 31_000],
    ['lasting', 1000, 60_000],
    ['lasting', 60_000, 1000],
  ] as const)('is %s when seen %d ms and changed %d ms ago', (absence, seenAgoMs, changedAgoMs) => {
    expect(findAbsence(make(seenAgoMs, changedAgoMs), NOW_MS)).toBe(absence);
  });

  it('is gone when the directory is', () => {
    expect(findAbsence(sandboxIn(root, 'gone', NOW_MS), NOW_MS)).toBe('gone');
  });
});
