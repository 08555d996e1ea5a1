/**
 * What a fault of one sandbox is to the harness: how it is brought about, and what the node's answer must say of it. The
 * files of cases/ each make one with `bodyFault` or `answerFault`, or write `start` themselves.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { answerInChunks, type FakeAnswer, startFakeShim } from '../../support/fake-shim.ts';
import { goodBody } from './good-body.ts';

export interface FaultPlace {
  /** The sandboxes root, and a directory that is not in it. */
  readonly root: string;
  readonly outside: string;
  /** `<root>/<name of the fault>`, which is there already, and the path of the socket in it. */
  readonly directory: string;
  readonly socketPath: string;
  /** Whether the sandbox has to behave at this moment, where its fault can be undone. */
  readonly isWell: () => boolean;
}

export interface FaultHandle {
  close(): Promise<void>;
}

export interface Fault {
  /** The sandbox's id too. */
  readonly name: string;
  readonly start: (place: FaultPlace) => Promise<FaultHandle>;
  /** Whether it answers as it should while `place.isWell()`. */
  readonly canBeWell: boolean;
  /** `kata_sandbox_up`; undefined where there is no such sandbox for the monitor. */
  readonly isUp: boolean | undefined;
  /** Reasons of `kata_sandbox_scrape_error`, sorted. */
  readonly reasons: readonly string[];
  /** The body of an honest shim whose samples are those of this sandbox in the answer; empty for none. */
  readonly kept: string;
}

interface BodyFault {
  readonly name: string;
  /** The lie. */
  readonly sent: string | Buffer;
  readonly reasons: readonly string[];
  /** Default: the good body. */
  readonly kept?: string;
}

/** A shim that is right in all but what its body says. */
export function bodyFault({ name, sent, reasons, kept = goodBody }: BodyFault): Fault {
  return { ...answerFault({ name, answer: answerInChunks(sent), reasons, kept }), isUp: true };
}

interface AnswerFault {
  readonly name: string;
  readonly answer: FakeAnswer;
  readonly reasons: readonly string[];
  /** Default: false. */
  readonly isUp?: boolean;
  /** Default: nothing. */
  readonly kept?: string;
}

/** A shim that is not right about HTTP. */
export function answerFault({ name, answer, reasons, isUp = false, kept = '' }: AnswerFault): Fault {
  return {
    name,
    start: ({ socketPath, isWell }) => startFakeShim(socketPath, () => (isWell() ? answerInChunks(goodBody) : answer)),
    canBeWell: true,
    isUp,
    reasons,
    kept,
  };
}

/** A place for a fault, its directory made. */
export async function preparePlace(
  name: string,
  { root, outside, isWell }: Pick<FaultPlace, 'root' | 'outside' | 'isWell'>,
): Promise<FaultPlace> {
  const directory = join(root, name);
  await mkdir(directory);
  return { root, outside, directory, socketPath: join(directory, 'shim-monitor.sock'), isWell };
}

/** For a fault that leaves nothing behind that runs. */
export const nothingToClose: FaultHandle = { close: async () => undefined };
