/**
 * Every fault of the tables in cases/.
 */

import { families } from './cases/families.ts';
import { histograms } from './cases/histograms.ts';
import { limits } from './cases/limits.ts';
import { lines } from './cases/lines.ts';
import { responses } from './cases/responses.ts';
import { sockets } from './cases/sockets.ts';
import type { Fault } from './fault.ts';

/** Sorted by their names. */
export const allFaults: readonly Fault[] = [
  ...lines,
  ...families,
  ...histograms,
  ...limits,
  ...responses,
  ...sockets,
].sort((a, b) => (a.name < b.name ? -1 : 1));
