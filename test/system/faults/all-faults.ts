/**
 * Every fault that there is a file for in cases/, by the names of the files.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Fault } from './fault.ts';

const folder = join(import.meta.dirname, 'cases');

/** Names of the files, sorted. */
export const faultFiles: readonly string[] = readdirSync(folder).sort();

/** In the same order. */
export const allFaults: readonly Fault[] = await Promise.all(
  faultFiles.map(async (file) => ((await import(join(folder, file))) as { default: Fault }).default),
);
