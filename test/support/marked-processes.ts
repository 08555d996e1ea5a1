/**
 * Finds everything that a program has started, whatever became of its parents: a variable in the environment is handed
 * down to all of them. Used by tests that have to show that nothing is left.
 */
import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';

export interface MarkedProcess {
  readonly pid: number;
  readonly args: readonly string[];
}

const VARIABLE = 'KATA_TEST_MARK';

/** Give `env` to the program; `list` finds it and all that it has started, as long as they run. */
export function createMark(): { readonly env: NodeJS.ProcessEnv; list(): MarkedProcess[] } {
  const mark = randomUUID();
  const wanted = `${VARIABLE}=${mark}`;
  return {
    env: { [VARIABLE]: mark },
    list: () =>
      readdirSync('/proc')
        .filter((name) => /^\d+$/.test(name) && readWords(`/proc/${name}/environ`).includes(wanted))
        .map((name) => ({ pid: Number(name), args: readWords(`/proc/${name}/cmdline`) }))
        // A zombie has no command line any more.
        .filter(({ args }) => args.length > 0),
  };
}

function readWords(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').split('\0').slice(0, -1);
  } catch {
    // Ended since it was listed, or a user's whose environment is closed to us and so none of ours.
    return [];
  }
}
