/**
 * Has a HELP of a megabyte, which every other sandbox would have to carry.
 */
import { bodyFault } from '../fault.ts';
import { goodBody } from '../good-body.ts';

const samples = '# TYPE kata_long_help gauge\nkata_long_help 1\n';

export default bodyFault({
  name: 'long-help',
  sent: `${goodBody}# HELP kata_long_help ${'long '.repeat(200_000)}\n${samples}`,
  kept: goodBody + samples,
  reasons: ['help_too_long'],
});
