/**
 * What the program kata-monitor reports about each scrape of a sandbox: how many samples came through, how many did
 * not and why, and how often each reason was met. Held to bodies small enough to count by hand.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  answerInChunks,
  answerWithLength,
  type FakeAnswer,
  type FakeShim,
  startFakeShim,
} from '../support/fake-shim.ts';
import { parseAnswer, type ReferenceAnswer } from '../support/reference-exposition.ts';
import { pickUrl, type RunningProgram, runProgram } from '../support/run-program.ts';
import { valuesOf } from '../system/faults/node-answer.ts';

const load = (...lines: readonly string[]): string =>
  `# TYPE kata_guest_load gauge\n${lines.map((line) => `kata_guest_load${line}\n`).join('')}`;
const one = load('{item="load1"} 1');
const two = load('{item="load1"} 1', '{item="load5"} 2');
const threads = '# TYPE kata_shim_threads gauge\nkata_shim_threads 7\n';
const histogram =
  '# TYPE kata_guest_load histogram\nkata_guest_load_bucket{le="+Inf"} 1\nkata_guest_load_sum 1\nkata_guest_load_count 1\n';
const many = Array.from({ length: 40 }, (_, i) => `{item="${i}"} ${i}`);
/** Stops in the middle of a line. */
const cutBody = `${threads}${one}kata_guest_load{item="lo`;

interface Book {
  readonly id: string;
  readonly response: FakeAnswer;
  readonly isUp: boolean;
  /** Lines of the response that are samples of this sandbox. */
  readonly samples: number;
  /** Samples by the reason for which they are not in the response. */
  readonly dropped: Readonly<Record<string, number>>;
  /** Reasons beside those for which samples were dropped. */
  readonly reasons?: readonly string[];
}

const up = (id: string, body: string, samples: number, dropped: Book['dropped'] = {}): Book => ({
  id,
  response: answerInChunks(body),
  isUp: true,
  samples,
  dropped,
});
const down = (id: string, response: FakeAnswer, reason: string): Book => ({
  id,
  response,
  isUp: false,
  samples: 0,
  dropped: {},
  reasons: [reason],
});

const books: readonly Book[] = [
  up('good', two + threads, 3),
  up('empty', '', 0),
  up('bad-value', load('{item="load1"} 1', '{item="load5"} x', '{item="load15"} 3') + threads, 1, {
    bad_value: 1,
    in_faulty_family: 2,
  }),
  up('duplicates', two + load('{item="load1"} 9', '{item="load5"} 9'), 2, { duplicate_series: 2 }),
  up('another-sandbox', load('{item="load1"} 1', '{item="load5",sandbox_id="good"} 2', '{cri_uid="u"} 3'), 1, {
    reserved_label: 2,
  }),
  up('forbidden', `${one}# TYPE kata_monitor_x gauge\nkata_monitor_x{a="1"} 1\nkata_monitor_x{a="2"} 1\nfoo 1\n`, 1, {
    forbidden_family: 3,
  }),
  up('other-type', histogram + threads, 1, { conflicting_family: 3 }),
  up('too-many', load(...many), 30, { too_many_samples: 10 }),
  up('several', `${load('{item="load1"} 1', '{item="load1"} 1', '{sandbox_id="x"} 1')}bar 1\n`, 1, {
    duplicate_series: 1,
    forbidden_family: 1,
    reserved_label: 1,
  }),
  {
    id: 'cut',
    response: { kind: 'bytes', bytes: `HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n${cutBody}`, ending: 'close' },
    isUp: false,
    samples: 1,
    dropped: { in_faulty_family: 1 },
    reasons: ['reset'],
  },
  down('silent', { kind: 'silence' }, 'timeout'),
  down('status', answerWithLength('', { status: '500 No' }), 'http_status'),
];

let folder: string;
let shims: FakeShim[];
let program: RunningProgram;
let responses: ReferenceAnswer[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kq-'));
  shims = await Promise.all(
    books.map(async ({ id, response }) => {
      await mkdir(join(folder, 'root', id), { recursive: true });
      return startFakeShim(join(folder, 'root', id, 'shim-monitor.sock'), response);
    }),
  );
  program = runProgram('kata-monitor', [
    '--listen-address=127.0.0.1:0',
    `--sandboxes-root=${folder}/root`,
    `--runtime-endpoint=${folder}/none.sock`,
    // In which every other shim responds, also to the first scrape of a monitor on a busy machine.
    '--shim-timeout=2s',
    '--max-samples=30',
  ]);
  const url = await program.waitForLine(pickUrl);
  responses = [];
  for (let i = 0; i < 3; i++) {
    responses.push(parseAnswer(await (await fetch(`${url}/metrics`)).text()));
  }
});

afterAll(async () => {
  await program.stop();
  await Promise.all(shims.map((shim) => shim.close()));
  await rm(folder, { recursive: true });
});

/** Values of a family by one label, of one sandbox or of the node. */
function valuesBy(label: string, family: string, response: ReferenceAnswer, id?: string): Record<string, number> {
  const rows = response.series
    .map(({ name, labels, value }) => ({ name, labels: Object.fromEntries(labels), value }))
    .filter(({ name, labels }) => name === family && (id === undefined || labels['sandbox_id'] === id));
  return Object.fromEntries(rows.map(({ labels, value }) => [labels[label] ?? '', value]));
}

/** Reasons of a sandbox in the order of their names. */
function reasonsIn({ dropped, reasons = [] }: Book): string[] {
  const told = Object.keys(dropped).filter((reason) => reason !== 'in_faulty_family');
  return [...told, ...reasons].sort();
}

describe('The books of a scrape', () => {
  it.each(books)('$id: up, samples, and what was dropped', (book) => {
    const { id, isUp, samples, dropped } = book;
    for (const response of responses) {
      expect(valuesBy('sandbox_id', 'kata_sandbox_up', response, id)).toEqual({ [id]: isUp ? 1 : 0 });
      expect(valuesBy('sandbox_id', 'kata_sandbox_scrape_samples', response, id)).toEqual({ [id]: samples });
      expect(valuesOf(response, id).size).toBe(samples);
      expect(valuesBy('reason', 'kata_sandbox_dropped_samples', response, id)).toEqual(dropped);
      const reasons = valuesBy('reason', 'kata_sandbox_scrape_error', response, id);
      expect(reasons).toEqual(Object.fromEntries(reasonsIn(book).map((reason) => [reason, 1])));
    }
  });

  it('has how long each response took, and how old the last whole one is', () => {
    const ids = books.map(({ id }) => id).sort();
    const upIds = books.filter(({ isUp }) => isUp).map(({ id }) => id);
    const ages = Object.fromEntries(upIds.map((id) => [id, 0]));
    for (const response of responses) {
      const durations = valuesBy('sandbox_id', 'kata_sandbox_scrape_duration_seconds', response);
      // Of one that is not waited for, nothing is known.
      expect(Object.keys({ silent: 0, ...durations }).sort()).toEqual(ids);
      expect(Object.values(durations).every((seconds) => seconds >= 0)).toBe(true);
      expect(valuesBy('sandbox_id', 'kata_sandbox_last_success_age_seconds', response)).toEqual(ages);
    }
  });

  it('counts each reason once for a sandbox and a scrape', () => {
    const reasons = books.flatMap(reasonsIn);
    const counts = Object.fromEntries(
      reasons.map((reason) => [reason, reasons.filter((each) => each === reason).length]),
    );
    for (const [scrapesBefore, response] of responses.entries()) {
      const expected = Object.entries(counts).map(([reason, count]) => [reason, count * (scrapesBefore + 1)]);
      expect(valuesBy('reason', 'kata_monitor_sandbox_scrape_errors_total', response)).toEqual(
        Object.fromEntries(expected),
      );
    }
  });
});
