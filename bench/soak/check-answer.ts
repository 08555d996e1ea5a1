/**
 * Holds one response of /metrics to what it must say: every line well-formed, good sandboxes whole, the others as their
 * faults want it, none that is gone. Called in its own thread; looks at text only.
 */
import { SampleSum } from './sample-sum.ts';
import { toldCountFamily, toldSumFamily } from './sandbox-body.ts';

/** What a response must say of one sandbox. */
export interface ExpectedSandbox {
  readonly isUp: boolean;
  /** Of `kata_sandbox_scrape_error`, sorted. */
  readonly reasons: readonly string[];
  /** Its samples: those that it told the sum of itself, exactly these, or anything. */
  readonly samples: 'told' | 'any' | { readonly count: number; readonly sum: number };
}

export interface Expectation {
  readonly sandboxes: ReadonlyMap<string, ExpectedSandbox>;
  /** Ids that must not be in the response. */
  readonly gone: ReadonlySet<string>;
}

/** What was found of one sandbox. */
class SandboxTally {
  readonly sum = new SampleSum();
  readonly reasons: string[] = [];
  isUp: boolean | undefined;
  toldCount: number | undefined;
  toldSum: number | undefined;

  take(name: string, ownLabels: string, valueText: string): void {
    if (name === 'kata_sandbox_up') {
      this.isUp = valueText === '1';
    } else if (name === 'kata_sandbox_scrape_error') {
      this.reasons.push(/reason="([^"]*)"/.exec(ownLabels)?.[1] ?? '');
    } else if (name === toldCountFamily) {
      this.toldCount = Number(valueText);
    } else if (name === toldSumFamily) {
      this.toldSum = Number(valueText);
    } else if (!name.startsWith('kata_sandbox_')) {
      const braces = ownLabels === '' ? '' : `{${ownLabels}}`;
      this.sum.add(`${name.replace(shimPrefix, '')}${braces} ${valueText}`);
    }
  }
}

/** What the monitor puts in front of the names of a shim's own process. */
const shimPrefix = /^kata_shim_(?=go_|process_)/;
const labels = '(?:[a-zA-Z_][a-zA-Z0-9_]*="(?:\\\\[\\\\"n]|[^\\\\"\\n])*",?)*';
const value = '(?:[+-]?(?:Inf|[0-9.]+(?:[eE][+-]?[0-9]+)?)|NaN)';
const sampleLine = new RegExp(`^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\\{(${labels})\\})? (${value}(?: -?[0-9]+)?)$`);
const commentLine = /^# (HELP|TYPE) ([a-zA-Z_:][a-zA-Z0-9_:]*) ./;
const sandboxLabels = /,?sandbox_id="([^"]*)",cri_uid="[^"]*",cri_name="[^"]*",cri_namespace="[^"]*"/;

export interface CheckedAnswer {
  /** Each as one sentence; empty when there is none. */
  readonly breaches: string[];
  /**
   * How many of the sandboxes were slow and should not have been: on a busy machine each may be, and its samples are then not
   * those of a scrape that waits for it.
   */
  readonly slowCount: number;
}

export function checkAnswer(text: string, { sandboxes, gone }: Expectation): CheckedAnswer {
  const breaches: string[] = [];
  let slowCount = 0;
  const tallies = new Map<string, SandboxTally>();
  const comments = new Set<string>();
  if (!text.endsWith('\n')) {
    breaches.push('The response does not end with a line feed');
  }
  for (let at = 0, end = text.indexOf('\n'); end !== -1; at = end + 1, end = text.indexOf('\n', at)) {
    const line = text.slice(at, end);
    const fault = line.startsWith('#') ? takeComment(line, comments) : takeSample(line, tallies);
    if (fault !== undefined) {
      breaches.push(`${fault}: ${line.slice(0, 200)}`);
    }
  }
  for (const [id, expected] of sandboxes) {
    const tally = tallies.get(id);
    if (tally?.reasons.join() === 'slow' && expected.reasons.length === 0) {
      slowCount++;
      continue;
    }
    breaches.push(
      ...(tally === undefined ? ['is not there'] : compare(tally, expected)).map((fault) => `${id} ${fault}`),
    );
  }
  for (const id of tallies.keys()) {
    if (gone.has(id)) {
      breaches.push(`${id} is gone and still in the response`);
    }
  }
  return { breaches, slowCount };
}

function takeComment(line: string, comments: Set<string>): string | undefined {
  const [, word, name] = commentLine.exec(line) ?? [];
  if (word === undefined) {
    return 'No comment of the format';
  }
  const key = `${word} ${name}`;
  if (comments.has(key)) {
    return `Second ${word}`;
  }
  comments.add(key);
  return undefined;
}

function takeSample(line: string, tallies: Map<string, SandboxTally>): string | undefined {
  const match = sampleLine.exec(line);
  if (match === null) {
    return 'No sample';
  }
  const [, name = '', labelText = '', valueText = ''] = match;
  const owner = sandboxLabels.exec(labelText);
  if (owner === null) {
    return undefined;
  }
  // The final values of a sandbox that has ended are there until they have been read.
  if (name.startsWith('kata_sandbox_final_')) {
    return undefined;
  }
  const id = owner[1]!;
  const tally = tallies.get(id) ?? new SandboxTally();
  tallies.set(id, tally);
  tally.take(name, labelText.replace(owner[0], ''), valueText);
  return undefined;
}

function compare(tally: SandboxTally, { isUp, reasons, samples }: ExpectedSandbox): string[] {
  const breaches: string[] = [];
  if (tally.isUp !== isUp || tally.reasons.toSorted().join() !== reasons.join()) {
    breaches.push(
      `is ${tally.isUp ? 'up' : 'not up'} for [${tally.reasons}], not ${isUp ? 'up' : 'down'} for [${reasons}]`,
    );
  }
  const { count, sum } = samples === 'told' ? { count: tally.toldCount, sum: tally.toldSum } : tally.sum;
  const expected = typeof samples === 'object' ? samples : { count, sum };
  if (tally.sum.count !== expected.count || tally.sum.sum !== expected.sum) {
    breaches.push(`has ${tally.sum.count} samples (${tally.sum.sum}), not ${expected.count} (${expected.sum})`);
  }
  return breaches;
}
