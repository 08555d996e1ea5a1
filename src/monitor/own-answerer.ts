/**
 * The answer of /metrics with the monitor's own families alone.
 */
import { contentTypes, encodeText } from '../exposition/index.ts';
import type { MetricsAnswerer } from './metrics-answerer.ts';
import type { AnswererParts } from './start-monitor.ts';

export function createOwnAnswerer({ collectOwn }: AnswererParts): MetricsAnswerer {
  return {
    answer: async () => ({
      status: 200,
      headers: { 'content-type': contentTypes.text },
      body: encodeText(await collectOwn()),
    }),
  };
}
