/**
 * The thread in which responses are checked, so that checking one does not make the clients of the next look late.
 */
import { parentPort } from 'node:worker_threads';
import { parseAnswer } from '../../test/support/reference-exposition.ts';
import { type CheckedAnswer, checkAnswer, type Expectation } from './check-answer.ts';

export interface CheckOrder {
  readonly bytes: Uint8Array;
  readonly expectation: Expectation;
  /** Whether to hold it to the strict reader of the tests as well, which takes a second for 25 MB. */
  readonly isStrict: boolean;
}

function check({ bytes, expectation, isStrict }: CheckOrder): CheckedAnswer {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
  const { breaches, slowCount } = checkAnswer(text, expectation);
  if (isStrict) {
    try {
      parseAnswer(text);
    } catch (error) {
      breaches.push(String(error));
    }
  }
  return { breaches, slowCount };
}

parentPort?.on('message', (order: CheckOrder) => parentPort?.postMessage(check(order)));
