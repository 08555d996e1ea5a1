/**
 * Has a sample with a thousand labels.
 */
import { bodyFault } from '../fault.ts';
import { goodBody } from '../good-body.ts';

const labels = Array.from({ length: 1000 }, (_, i) => `l${i}="x"`).join(',');

export default bodyFault({
  name: 'many-labels',
  sent: `${goodBody}kata_guest_load{${labels}} 1\n`,
  reasons: ['too_many_labels'],
});
