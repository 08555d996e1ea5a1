/**
 * Has another HELP, as other versions of Kata have: the catalog has the word, and nothing goes.
 */
import { bodyFault } from '../fault.ts';
import { replaceInBody } from '../good-body.ts';

export default bodyFault({
  name: 'another-help',
  sent: replaceInBody('# HELP kata_guest_load Guest system load.', '# HELP kata_guest_load Buy now!'),
  reasons: [],
});
