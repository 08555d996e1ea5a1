/**
 * What a fault of one sandbox is to the harness: how it is brought about, and what the node's response must contain for it.
 * The rows of cases/ make each with one of the functions below, or write `start` themselves.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { answerInChunks, type FakeAnswer, startFakeShim } from '../../support/fake-shim.ts';
import { goodBody, replaceInBody, withoutFamily } from './good-body.ts';

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
  /** Whether it responds as it should while `place.isWell()`. */
  readonly canBeWell: boolean;
  /** `kata_sandbox_up`; undefined where there is no such sandbox for the monitor. */
  readonly isUp: boolean | undefined;
  /** Reasons of `kata_sandbox_scrape_error`, sorted. */
  readonly reasons: readonly string[];
  /** The body of an honest shim whose samples are those of this sandbox in the response; empty for none. */
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

/** A shim whose response is right but for the body. */
export function bodyFault({ name, sent, reasons, kept = goodBody }: BodyFault): Fault {
  return { ...responseFault({ name, response: answerInChunks(sent), reasons, kept }), isUp: true };
}

const stays = 'kata_guest_load{item="load1"} 0.02\n';

/** A shim with one more line in the family kata_guest_load, which is dropped for it. */
export function badLine(name: string, reason: string, line: string): Fault {
  return bodyFault({
    name,
    sent: replaceInBody(stays, `${stays}${line}\n`),
    kept: withoutFamily('kata_guest_load'),
    reasons: [reason],
  });
}

/** A shim with more lines in the family kata_guest_load, which are dropped. */
export function droppedLines(name: string, reason: string, lines: string): Fault {
  return bodyFault({ name, sent: replaceInBody(stays, `${stays}${lines}`), reasons: [reason] });
}

/** A shim with more lines after the good body, which are dropped. */
export function badLines(name: string, reason: string, lines: string): Fault {
  return bodyFault({ name, sent: `${goodBody}${lines}`, reasons: [reason] });
}

/** A shim with more lines after the good body, which are odd and kept. */
export function fineLines(name: string, lines: string): Fault {
  return bodyFault({ name, sent: `${goodBody}${lines}`, kept: `${goodBody}${lines}`, reasons: [] });
}

interface ResponseFault {
  readonly name: string;
  readonly response: FakeAnswer;
  readonly reasons: readonly string[];
  /** Default: false. */
  readonly isUp?: boolean;
  /** Default: nothing. */
  readonly kept?: string;
}

/** A shim whose HTTP is wrong. */
export function responseFault({ name, response, reasons, isUp = false, kept = '' }: ResponseFault): Fault {
  return {
    name,
    start: ({ socketPath, isWell }) =>
      startFakeShim(socketPath, () => (isWell() ? answerInChunks(goodBody) : response)),
    canBeWell: true,
    isUp,
    reasons,
    kept,
  };
}

/** A sandbox whose socket cannot be used. */
export function socketFault(name: string, reason: string, start: Fault['start']): Fault {
  return { name, start, canBeWell: false, isUp: false, reasons: [reason], kept: '' };
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
