/**
 * Has more families than a sandbox may have; they need no samples to need memory.
 */
import { bodyFault } from '../fault.ts';
import { goodBody } from '../good-body.ts';

const types = Array.from({ length: 20_000 }, (_, i) => `# TYPE kata_many_${i} gauge\n`).join('');

export default bodyFault({
  name: 'many-families',
  sent: `${goodBody}${types}kata_one_more 1\n`,
  reasons: ['too_many_families'],
});
