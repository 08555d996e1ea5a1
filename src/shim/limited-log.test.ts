import { beforeEach, expect, it } from 'vitest';
import type { Log } from '../program/index.ts';
import { limitLog } from './limited-log.ts';

let nowMs: number;
let lines: string[];
let log: Log;
beforeEach(() => {
  nowMs = 0;
  lines = [];
  const write = (level: string) => (message: string) => void lines.push(`${level} ${message}`);
  log = limitLog(
    { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') },
    () => nowMs,
  );
});

it('writes the first messages as they are', () => {
  log.info('a');
  log.warn('b');
  log.error('c');
  expect(lines).toEqual(['info a', 'warn b', 'error c']);
});

it.each(['info', 'warn', 'error'] as const)('writes one message of level %s per minute after a burst', (level) => {
  for (let i = 0; i < 10_000; i++) {
    log[level](`changed ${i}`);
  }
  expect(lines).toHaveLength(50);
  nowMs += 60_000;
  log.info('next');
  log.info('another');
  expect(lines.slice(50)).toEqual(['info next (left out before: 9950)']);
  nowMs += 60_000;
  log.info('later');
  expect(lines.at(-1)).toBe('info later (left out before: 1)');
});

it('has a burst again after a quiet time, and no more than one', () => {
  for (let i = 0; i < 60; i++) {
    log.warn('x');
  }
  nowMs += 1e9;
  lines = [];
  for (let i = 0; i < 60; i++) {
    log.warn('x');
  }
  expect(lines).toHaveLength(50);
});

it('leaves out none of those for debugging', () => {
  for (let i = 0; i < 100; i++) {
    log.debug('x');
  }
  expect(lines).toHaveLength(100);
});
