import { describe, expect, it } from 'vitest';
import type { JsonClient } from './json-client.ts';
import { query } from './prom-ql.ts';

const clientOf = (response: unknown): JsonClient => ({
  get: async () => response,
  open: () => Promise.reject(new Error('No stream is requested')),
  fail: (why) => new Error(why) as ReturnType<JsonClient['fail']>,
  close: () => undefined,
});

const send = (response: unknown): Promise<unknown> =>
  query(clientOf(response), 'up', new AbortController().signal, { maxBytes: 1000, usedBytes: 0 });
const vector = (...result: unknown[]): unknown => ({ status: 'success', data: { resultType: 'vector', result } });
const series = { metric: { sandbox_id: 'a' }, value: [1.5, 'NaN'] };

describe('a response of Prometheus', () => {
  it.each([
    ['series', vector(series, series), [series, series]],
    ['a series without labels', vector({ metric: {}, value: [0, ''] }), [{ metric: {}, value: [0, ''] }]],
    ['nothing', vector(), []],
  ])('has %s', async (_, response, expected) => {
    expect(await send(response)).toEqual(expected);
  });

  it.each([
    ['null', null],
    ['a number', 5],
    ['no data', { status: 'success' }],
    ['data of null', { status: 'success', data: null }],
    ['an error', { status: 'error', error: 'too many samples' }],
    ['a text as the result', { status: 'success', data: { result: 'abc' } }],
    ['a series of null', vector(series, null)],
    ['a metric of null', vector({ ...series, metric: null })],
    ['no metric', vector({ value: [1, '1'] })],
    ['a number as a label', vector({ ...series, metric: { sandbox_id: 5 } })],
    ['an object as a label', vector({ ...series, metric: { pod: {} } })],
    ['no value', vector({ metric: {} })],
    ['a time alone', vector({ ...series, value: [1] })],
    ['a number as the value', vector({ ...series, value: [1, 1] })],
    ['null as the value', vector({ ...series, value: [1, null] })],
    ['a text as the time', vector({ ...series, value: ['1', '1'] })],
    ['a time without an end', vector({ ...series, value: [Number.POSITIVE_INFINITY, '1'] })],
  ])('is not one with %s', async (_, response) => {
    await expect(send(response)).rejects.toThrow('it is not the query API of Prometheus');
  });
});
