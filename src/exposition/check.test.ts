import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseAnswer } from '../../test/support/reference-exposition.ts';
import { type CheckPolicy, checkBody, type RefusalReason } from './check.ts';

const policy = {
  allowedPrefixes: ['kata_agent_', 'kata_guest_'],
  renames: [
    { startsWith: 'process_', prefix: 'kata_agent_' },
    { startsWith: 'go_', prefix: 'kata_agent_' },
  ],
  reservedLabels: ['sandbox_id', 'cri_uid', 'cri_name', 'cri_namespace'],
  maxBytes: 2000,
  maxSamples: 5,
  maxLabels: 3,
  maxLabelValueBytes: 10,
} satisfies CheckPolicy;

const check = (
  text: string,
): { body: string; refused: Partial<Record<RefusalReason, number>>; sampleCount: number } => {
  const { body, refused, sampleCount } = checkBody(Buffer.from(text), policy);
  return { body: body.toString(), refused: Object.fromEntries(refused), sampleCount };
};

const guest = '# TYPE kata_guest_load gauge\nkata_guest_load{item="load1"} 1\n';

describe('checkBody', () => {
  it('passes what keeps to the policy', () => {
    expect(check(guest)).toEqual({ body: guest, refused: {}, sampleCount: 1 });
  });

  it('renames bare families of a process', () => {
    expect(check('# TYPE process_open_fds gauge\nprocess_open_fds 1\n').body).toBe(
      '# TYPE kata_agent_process_open_fds gauge\nkata_agent_process_open_fds 1\n',
    );
  });

  it.each<[title: string, text: string, refused: Partial<Record<RefusalReason, number>>]>([
    ['families of others', 'kata_hypervisor_fds 1\nkata_shim_fds 2\nup 1\n', { forbidden_family: 3 }],
    ['reserved labels', 'kata_guest_x{sandbox_id="a"} 1\nkata_guest_x{cri_name="a"} 1\n', { reserved_label: 2 }],
    ['long label values', 'kata_guest_x{a="12345678901"} 1\n', { label_value_too_long: 1 }],
    ['many labels', 'kata_guest_x{a="1",b="2",c="3",d="4"} 1\n', { too_many_labels: 1 }],
    [
      'a faulty line, with its family',
      'kata_guest_x 1\nkata_guest_x{a="1"} one\n',
      { bad_value: 1, in_faulty_family: 1 },
    ],
    ['no text at all', '\0\0\n\xff\n', { bad_metric_name: 2 }],
    [
      'a family that comes twice, renamed and not',
      '# TYPE kata_agent_process_x gauge\nkata_agent_process_x 1\n# TYPE process_x gauge\nprocess_x 1\n',
      { forbidden_family: 1 },
    ],
  ])('refuses %s, and nothing else', (_, text, refused) => {
    const result = check(text + guest);
    expect(result.refused).toEqual(refused);
    expect(result.body).toContain('kata_guest_load{item="load1"} 1\n');
    expect(result.body).not.toContain('sandbox_id');
    expect(() => parseAnswer(result.body)).not.toThrow();
  });

  it('stops at the limit of samples', () => {
    const lines = Array.from({ length: 8 }, (_, i) => `kata_guest_x{a="${i}"} 1\n`).join('');
    expect(check(lines)).toMatchObject({ refused: { too_many_samples: 3 }, sampleCount: 5 });
  });

  it('keeps the families that are whole within the limit of bytes', () => {
    const long = Array.from({ length: 100 }, (_, i) => `kata_guest_y{a="${i}"} 1\n`).join('');
    const result = checkBody(Buffer.from(guest + long), { ...policy, maxSamples: 1000 });
    expect(result.body.toString()).toBe(guest);
    expect(result.refused.get('too_many_bytes')).toBeGreaterThan(10);
  });

  it('never throws, and what passes is always a good response within the policy', () => {
    const piece = fc.constantFrom(
      guest,
      'kata_guest_x',
      'process_x 1\n',
      '{',
      '}',
      'sandbox_id="1"',
      'a="b"',
      ',',
      ' ',
      '1',
      '\n',
      '\0',
      '# TYPE kata_guest_x ',
      'histogram',
      'gauge',
      'x',
      '_bucket',
      '"',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.array(piece, { maxLength: 40 }).map((parts) => parts.join('')),
          fc.string({ unit: 'binary' }),
        ),
        (text) => {
          const { body, sampleCount } = checkBody(Buffer.from(text), policy);
          // Series may still be there twice: that is for the monitor to settle.
          const lines = body
            .toString()
            .split('\n')
            .filter((line) => line !== '' && !line.startsWith('#'));
          expect(lines).toHaveLength(sampleCount);
          expect(lines.every((line) => /^kata_(?:agent|guest)_/.test(line))).toBe(true);
          expect(sampleCount).toBeLessThanOrEqual(policy.maxSamples);
        },
      ),
      { numRuns: 1000 },
    );
  });
});
