/**
 * The thread that computes bcrypt, one hash at a time, so that a password that is tried delays no scrape. Started by
 * `bcrypt-thread.ts` as a worker.
 */
import { parentPort } from 'node:worker_threads';
import { compareSync } from 'bcryptjs';

parentPort?.on('message', ({ id, password, hash }: { id: number; password: string; hash: string }) => {
  parentPort?.postMessage({ id, isRight: compareSync(password, hash) });
});
