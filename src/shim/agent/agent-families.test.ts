import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BodyChecker, runToEnd, scan } from '../../exposition/index.ts';
import { checkAgentResult } from './agent-families.ts';
import { agentPolicy } from './agent-policy.ts';
import type { AgentResult } from './agent-result.ts';

const checkOnce = (result: AgentResult) => runToEnd(checkAgentResult(result, new BodyChecker(agentPolicy)));

/** Pieces that a text of metrics is made of, put together in any way, and bytes that it is not. */
const hostileText = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        'kata_guest_load{item="load1"} 1\n',
        'kata_guest_load{sandbox_id="x"} 1\n',
        '# TYPE kata_guest_load counter\n',
        '# TYPE kata_guest_load gauge\n',
        '# HELP kata_agent_x \\n\n',
        'process_open_fds 1\n',
        'kata_shim_agent_up 1\n',
        'kata_agent_x{',
        '"',
        '} NaN\n',
        '\r\n',
        '\t',
        '\\',
        '\n',
      ),
      fc.string({ unit: 'binary', maxLength: 20 }),
    ),
    { maxLength: 40 },
  )
  .map((pieces) => Buffer.from(pieces.join('')));

const hostileBytes = fc.uint8Array({ maxLength: 2000 }).map((bytes) => Buffer.from(bytes));

describe('checkAgentResult', () => {
  it('lets nothing through but sound text of the guest, whatever the agent sends', () => {
    fc.assert(
      fc.property(fc.oneof(hostileText, hostileBytes), (text) => {
        const { body, families } = checkOnce({ kind: 'ok', text });
        const scanned = scan(body);
        expect(scanned.faults.described).toEqual([]);
        expect(scanned.form.families.filter(({ name }) => !/^kata_(agent|guest)_/.test(name))).toEqual([]);
        expect(body.toString()).not.toMatch(/sandbox_id=/);
        expect(families[0]?.samples[0]?.value).toBe(scanned.form.sampleCount === 0 ? 0 : 1);
      }),
      { numRuns: 500 },
    );
  });

  it('reports metrics of the previous request as slow', () => {
    const text = Buffer.from('kata_agent_threads 1\n');
    const { body, families } = checkOnce({ kind: 'ok', text, isLate: true });
    expect(body.toString()).toContain('\nkata_agent_threads 1\n');
    expect(families.map(({ name, samples }) => [name, samples])).toEqual([
      ['kata_shim_agent_up', [{ labels: {}, value: 1 }]],
      ['kata_shim_agent_error', [{ labels: { reason: 'slow' }, value: 1 }]],
    ]);
  });

  it('reports why there are no metrics of the agent', () => {
    const { body, families, problem } = checkOnce({ kind: 'failed', reason: 'denied', message: 'policy' });
    expect([body.length, problem]).toEqual([0, 'policy']);
    expect(families.map(({ name, samples }) => [name, samples])).toEqual([
      ['kata_shim_agent_up', [{ labels: {}, value: 0 }]],
      ['kata_shim_agent_error', [{ labels: { reason: 'denied' }, value: 1 }]],
    ]);
  });
});
