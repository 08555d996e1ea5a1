import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { goldenPath, makeGoldenResponse } from '../support/golden-response.ts';

it('the response to a fixed /proc is the golden one; after a wanted change: npm run golden, and review the difference', async () => {
  expect(await makeGoldenResponse()).toBe(readFileSync(goldenPath, 'utf8'));
});
