/**
 * The thread that computes bcrypt, one hash at a time, so that a password check delays no scrape. Started by
 * `bcrypt-thread.ts` as a worker.
 */
import { parentPort } from 'node:worker_threads';
import { compareSync } from 'bcryptjs';

/**
 * After a wrong password, the thread pauses for this many times the duration of a comparison, so that a client that guesses
 * gets a fifth of one CPU.
 */
const REST_FACTOR = 4;
const neverWoken = new Int32Array(new SharedArrayBuffer(4));
/** Shortest duration of a comparison, by the cost of the hash. Others may include waiting for a busy processor. */
const shortestMs = new Map<string, number>();

parentPort?.on('message', ({ id, password, hash }: { id: number; password: string; hash: string }) => {
  const startMs = performance.now();
  const isRight = compareSync(password, hash);
  const cost = hash.slice(4, 6);
  const tookMs = Math.min(performance.now() - startMs, shortestMs.get(cost) ?? Number.POSITIVE_INFINITY);
  shortestMs.set(cost, tookMs);
  parentPort?.postMessage({ id, isRight });
  if (!isRight) {
    Atomics.wait(neverWoken, 0, 0, REST_FACTOR * tookMs);
  }
});
