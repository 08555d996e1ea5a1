/**
 * Finds QEMU on this machine.
 */
import { findProgram } from '../../../program/index.ts';

/** The guests that are built here are for this kind of CPU only. */
export const QEMU_PROGRAM = 'qemu-system-x86_64';

/** Path of QEMU from PATH; undefined if it is not installed, or on another architecture. */
export function findQemu(env: NodeJS.ProcessEnv): string | undefined {
  return process.arch === 'x64' ? findProgram(QEMU_PROGRAM, env['PATH']) : undefined;
}
