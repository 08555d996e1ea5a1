/**
 * A sandbox that has ended, as the monitor keeps it: its final values with the labels of its pod. Also reads and writes
 * its line of the state file. Pure.
 */
import type { SandboxLabels } from '../../cri/index.ts';
import { encodeLastWords, type LastWords, LastWordsError, parseLastWords } from '../../last-words/index.ts';

export interface FinalSandbox {
  /** Counts the sandboxes of this node that have ended; later ones have higher numbers. */
  readonly sequence: number;
  readonly labels: SandboxLabels;
  /** Handler of its RuntimeClass, from the container manager; empty when it is not known. */
  readonly runtimeHandler: string;
  readonly words: LastWords;
}

export function encodeFinal({ words, ...rest }: FinalSandbox): string {
  return JSON.stringify({ ...rest, words: encodeLastWords(words) });
}

/** @throws {LastWordsError} for a line that `encodeFinal` has not written. */
export function parseFinal(line: string, nowMs: number): FinalSandbox {
  const { sequence, labels, runtimeHandler, words } = JSON.parse(line) as Record<keyof FinalSandbox, unknown>;
  if (typeof sequence !== 'number' || typeof runtimeHandler !== 'string' || typeof words !== 'string') {
    throw new LastWordsError('A line must have a sequence, a runtime handler and last words');
  }
  const { sandbox_id, cri_uid, cri_name, cri_namespace } = labels as SandboxLabels;
  const names = { sandbox_id, cri_uid, cri_name, cri_namespace };
  if (Object.values(names).some((name) => typeof name !== 'string')) {
    throw new LastWordsError('A line must have the labels of the sandbox');
  }
  return { sequence, labels: names, runtimeHandler, words: parseLastWords(words, nowMs).words };
}
