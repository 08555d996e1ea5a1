/**
 * Rewrites the golden response that test/e2e/golden.test.ts compares (npm run golden). Review the difference: it is what
 * clients will see.
 */
import { writeFileSync } from 'node:fs';
import { goldenPath, makeGoldenResponse } from '../test/support/golden-response.ts';

writeFileSync(goldenPath, await makeGoldenResponse());
