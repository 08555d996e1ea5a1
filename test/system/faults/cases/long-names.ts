/**
 * Has a family and a label whose names are kilobytes long, with and without HELP and TYPE.
 */
import { bodyFault } from '../fault.ts';
import { goodBody } from '../good-body.ts';

const name = `kata_${'n'.repeat(5000)}`;

export default bodyFault({
  name: 'long-names',
  sent: `${goodBody}# HELP ${name} x\n# TYPE ${name} gauge\n${name} 1\nkata_guest_load{${name}="1"} 1\n`,
  reasons: ['name_too_long'],
});
