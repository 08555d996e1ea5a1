/**
 * How each program runs and how it ends: wrong usage, a failure, and a fault of the program itself are three different
 * things to the process that started it. Called once by each program.
 */
import { OptionError } from '../options/index.ts';
import { toPrintable } from './printable.ts';

export const exitCodes = {
  done: 0,
  /** It could not be done; the message says why. */
  failed: 1,
  /** The command line, or a file that it names, cannot be used. */
  usage: 2,
  /** EX_SOFTWARE of sysexits.h: a fault of the program itself. */
  crashed: 70,
} as const;

export interface ProgramDescription {
  /** Name of the program, as in package.json. */
  readonly name: string;
  /** Command that prints how the program is used. */
  readonly helpCommand: string;
  /** Where the message of a failure goes. Default: a line of standard error. */
  readonly reportFailure?: (message: string) => void;
}

/** Errors that JavaScript and Node.js throw for wrong code. An expected failure is never one of these. */
const faultsOfCode = [TypeError, RangeError, ReferenceError, SyntaxError, EvalError, URIError] as const;

/**
 * Runs the program; resolves to its exit code. What it throws is wrong usage (`OptionError`: a message and where help is), a
 * fault of the program itself (its stack), or a failure (its message). A fault outside of it, such as in a timer, ends the
 * process at once with its stack.
 */
export async function runProgram(description: ProgramDescription, run: () => Promise<number>): Promise<number> {
  const {
    name,
    helpCommand,
    reportFailure = (message) => process.stderr.write(`${name}: ${toPrintable(message)}\n`),
  } = description;
  const onFault = (error: unknown): void => {
    reportCrash(name, error);
    process.exit(exitCodes.crashed);
  };
  process.on('uncaughtException', onFault);
  // For good: the last message may fail after the program has ended.
  if (!process.stderr.listeners('error').includes(ignoreLostMessage)) {
    process.stderr.on('error', ignoreLostMessage);
  }
  try {
    return await run();
  } catch (error) {
    if (error instanceof OptionError) {
      process.stderr.write(`${name}: ${toPrintable(error.message)}\nTry "${helpCommand}"\n`);
      return exitCodes.usage;
    }
    if (!(error instanceof Error) || faultsOfCode.some((fault) => error instanceof fault)) {
      reportCrash(name, error);
      // What has been started, such as a server, would keep the process running.
      return process.exit(exitCodes.crashed);
    }
    reportFailure(error.message);
    return exitCodes.failed;
  } finally {
    process.off('uncaughtException', onFault);
  }
}

/** Writes a message. If that fails, as on a full disk, the message is lost and the program continues. */
const ignoreLostMessage = (): void => undefined;

function reportCrash(name: string, error: unknown): void {
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(`${name}: internal error, please report it to the maintainers\n${toPrintable(stack)}\n`);
}

/** Runs `read`, which throws a TypeError for a text that it cannot read. @throws {OptionError} in its place */
export function readOption<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw error instanceof TypeError ? new OptionError(error.message) : error;
  }
}
