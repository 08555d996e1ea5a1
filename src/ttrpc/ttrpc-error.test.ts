import { readFileSync } from 'node:fs';
import { create } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import { Code, codeName, findCode } from '../grpc/index.ts';
import { StatusSchema } from '../proto/index.ts';
import { errorToStatus, statusToError } from './status.ts';
import { nameMethod, TtrpcError, toTtrpcError } from './ttrpc-error.ts';

describe('TtrpcError', () => {
  it.each([
    [new TtrpcError(Code.notFound, 'No such container'), 'NOT_FOUND (5): No such container'],
    [new TtrpcError(Code.internal, ''), 'INTERNAL (13)'],
    [
      new TtrpcError(Code.deadlineExceeded, 'Too late', { method: 'a.B/C' }),
      'Call of "a.B/C" failed with DEADLINE_EXCEEDED (4): Too late',
    ],
  ])('says what was called, the code and the text: %s', (error, message) => {
    expect(error.message).toBe(message);
    expect(error.name).toBe('TtrpcError');
  });

  it('quotes no half of a character', () => {
    for (const start of ['', 'a']) {
      const { message } = new TtrpcError(Code.internal, start + '😀'.repeat(10_000));
      expect(message.isWellFormed()).toBe(true);
      expect(message).toContain('more characters');
    }
  });

  it('has no cause where there is none', () => {
    expect(new TtrpcError(Code.internal, 'x')).not.toHaveProperty('cause');
    expect(new TtrpcError(Code.internal, 'x', { cause: 'y' })).toHaveProperty('cause', 'y');
  });

  it('gets its method later without losing anything', () => {
    const cause = new Error('deep');
    const error = nameMethod(new TtrpcError(Code.aborted, 'x', { cause, origin: 'peer' }), 'a.B/C');
    expect(error).toMatchObject({ code: Code.aborted, rawMessage: 'x', cause, origin: 'peer', method: 'a.B/C' });
  });
});

describe('toTtrpcError', () => {
  it('keeps a TtrpcError', () => {
    const error = new TtrpcError(Code.aborted, 'x');
    expect(toTtrpcError(error)).toBe(error);
  });

  it.each([
    [new Error('broken'), 'broken'],
    ['text', 'text'],
    [undefined, 'undefined'],
  ])('makes UNKNOWN of %s', (thrown, rawMessage) => {
    expect(toTtrpcError(thrown)).toMatchObject({ code: Code.unknown, rawMessage });
  });
});

describe('a status', () => {
  it.each(Object.values(Code).filter((code) => code !== Code.ok))('of code %s survives both ways', (code) => {
    const error = new TtrpcError(code, 'text');
    expect(statusToError(create(StatusSchema, errorToStatus(error)), 'a.B/C')).toMatchObject({
      code,
      rawMessage: 'text',
      origin: 'peer',
      method: 'a.B/C',
    });
  });

  it('that is absent or 0 is no error', () => {
    expect(statusToError(undefined, 'a.B/C')).toBeUndefined();
    expect(statusToError(create(StatusSchema, { code: 0, message: 'x' }), 'a.B/C')).toBeUndefined();
  });
});

describe('codes', () => {
  it('stand in docs/ttrpc.md with their numbers', () => {
    const text = readFileSync(new URL('../../docs/ttrpc.md', import.meta.url), 'utf8');
    const documented = [...text.matchAll(/^\| ([A-Z_]+) \((\d+)\) \|/gm)].map(([, name, number]) => [
      Number(number),
      name,
    ]);
    expect(documented.length).toBeGreaterThan(5);
    expect(documented).toEqual(documented.map(([number]) => [number, codeName(findCode(number as number)!)]));
  });
});
