/**
 * Sends a family a second time right behind the first, its HELP and TYPE too: of each series the first stays.
 */
import { bodyFault } from '../fault.ts';
import { goodFamilies } from '../good-body.ts';

const twice = goodFamilies.find((family) => family.startsWith('# HELP kata_guest_load '))!;

export default bodyFault({
  name: 'family-twice',
  sent: goodFamilies.map((family) => (family === twice ? family + family.replaceAll(/\d+$/gm, '9') : family)).join(''),
  reasons: ['duplicate_series'],
});
