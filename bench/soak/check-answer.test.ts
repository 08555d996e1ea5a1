import { describe, expect, it } from 'vitest';
import { checkAnswer, type ExpectedSandbox } from './check-answer.ts';
import { sumOfBody } from './sample-sum.ts';
import { createBodyMaker } from './sandbox-body.ts';

const labelsOf = (id: string): string => `sandbox_id="${id}",cri_uid="",cri_name="",cri_namespace=""`;
const good: ExpectedSandbox = { isUp: true, reasons: [], samples: 'told' };
const down: ExpectedSandbox = { isUp: false, reasons: ['timeout'], samples: { count: 0, sum: 0 } };

/** What the monitor makes of a body. */
function relabel(body: string, id: string): string {
  return body
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [, name = '', labels, value] = /^([^{ ]+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
      const own = labels === undefined ? '' : `${labels},`;
      return `${name.replace(/^(?=go_|process_)/, 'kata_shim_')}{${own}${labelsOf(id)}} ${value}\n`;
    })
    .join('');
}

const wellOf = (id: string): string =>
  relabel(createBodyMaker(4)(), id) +
  `kata_sandbox_up{${labelsOf(id)}} 1\nkata_sandbox_cpu_seconds_total{${labelsOf(id)}} 1\n`;
const downOf = (id: string): string =>
  `kata_sandbox_up{${labelsOf(id)}} 0\nkata_sandbox_scrape_error{${labelsOf(id)},reason="timeout"} 1\n`;

function check(
  text: string,
  sandboxes: Readonly<Record<string, ExpectedSandbox>>,
  gone: readonly string[] = [],
): string[] {
  return checkAnswer(text, { sandboxes: new Map(Object.entries(sandboxes)), gone: new Set(gone) }).breaches;
}

describe('checkAnswer', () => {
  it('has nothing against a response that is right', () => {
    expect(check(`# TYPE x gauge\nx 1\n${wellOf('a')}${downOf('b')}${wellOf('new')}`, { a: good, b: down })).toEqual(
      [],
    );
  });

  it('takes the sum of a body whatever the order of its lines', () => {
    const lines = wellOf('a').split('\n').slice(0, -1);
    expect(check(`${lines.toReversed().join('\n')}\n`, { a: good })).toEqual([]);
  });

  it.each([
    ['a missing sample', (text: string) => text.replace(/^kata_guest_load\{.*\n/m, ''), /^a has \d+ samples/],
    ['one more sample', (text: string) => `${text}kata_x{${labelsOf('a')}} 1\n`, /^a has \d+ samples/],
    ['another digit', (text: string) => text.replace(/^(kata_guest_load\{.*) \S+$/m, '$1 99'), /^a has \d+ samples/],
    [
      "another sandbox's value",
      (text: string) => text.replace('sandbox_id="a"', 'sandbox_id="b"'),
      /^a has \d+ samples/,
    ],
    [
      'up that is 0',
      (text: string) => text.replace(/^(kata_sandbox_up.*) 1$/m, '$1 0'),
      /^a is not up for \[\], not up/,
    ],
    [
      'a reason',
      (text: string) => `${text}${downOf('a').split('\n')[1]}\n`,
      /^a is up for \[timeout\], not up for \[\]/,
    ],
    ['a line that is no sample', (text: string) => `${text}kata_x{y="\n`, /^No sample: kata_x/],
    ['a value that is no number', (text: string) => `${text}x 1,5\n`, /^No sample: x 1,5/],
    ['a second TYPE', (text: string) => `# TYPE x gauge\n# TYPE x gauge\n${text}`, /^Second TYPE/],
    ['a last line without its end', (text: string) => text.slice(0, -1), /line feed/],
  ])('finds %s', (_name, spoil, breach) => {
    const text = spoil(wellOf('a'));
    expect(text).not.toBe(wellOf('a'));
    expect(check(text, { a: good })[0]).toMatch(breach);
  });

  it('counts a sandbox that was slow and should not have been, and finds one that is slow for another reason too', () => {
    const slow = `kata_sandbox_up{${labelsOf('a')}} 0\nkata_sandbox_scrape_error{${labelsOf('a')},reason="slow"} 1\n`;
    const sandboxes = new Map([['a', good]]);
    expect(checkAnswer(slow, { sandboxes, gone: new Set() })).toEqual({ breaches: [], slowCount: 1 });
    const both = `${slow}${downOf('a').split('\n')[1]}\n`;
    expect(checkAnswer(both, { sandboxes, gone: new Set() }).breaches[0]).toMatch(/^a is not up for \[slow,timeout\]/);
  });

  it('finds a sandbox that is not there, and one that is gone', () => {
    expect(check(wellOf('a'), { b: down }, ['a'])).toEqual(['b is not there', 'a is gone and still in the response']);
  });

  it('holds a faulty sandbox to the samples that it may keep, or to none in particular', () => {
    const kept = 'x 1\ngo_goroutines 2\n';
    const { count, sum } = sumOfBody(kept);
    const text = downOf('a') + relabel(kept, 'a');
    expect(check(text, { a: { ...down, samples: { count, sum } } })).toEqual([]);
    expect(check(text, { a: { ...down, samples: 'any' } })).toEqual([]);
    expect(check(text, { a: down })).toEqual([`a has 2 samples (${sum}), not 0 (0)`]);
  });
});

describe('createBodyMaker', () => {
  it('makes other values each time, and other devices for other sandboxes', () => {
    const make = createBodyMaker(1);
    expect(make()).not.toBe(make());
    const cpusOf = (seed: number): number =>
      createBodyMaker(seed)().match(/^kata_guest_cpu_time\{.*item="user"/gm)?.length ?? 0;
    expect([0, 1, 5].map(cpusOf)).toEqual([3, 5, 17]);
  });
});
