/**
 * Has more samples than a sandbox may have.
 */
import { bodyFault } from '../fault.ts';
import { goodBody } from '../good-body.ts';

/** The bound of the monitor, less what the good body has. */
const room = 20_000 - goodBody.split('\n').filter((line) => /^[^#]/.test(line)).length;
const lines = (count: number): string => Array.from({ length: count }, (_, i) => `kata_many{n="${i}"} ${i}\n`).join('');

export default bodyFault({
  name: 'many-samples',
  sent: `${goodBody}# TYPE kata_many gauge\n${lines(40_000)}`,
  kept: `${goodBody}# TYPE kata_many gauge\n${lines(room)}`,
  reasons: ['too_many_samples'],
});
