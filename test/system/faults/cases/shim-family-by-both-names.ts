/**
 * Sends a family of its process under the bare name and under the one it gets.
 */
import { bodyFault } from '../fault.ts';
import { goodBody } from '../good-body.ts';

export default bodyFault({
  name: 'shim-family-by-both-names',
  sent: `${goodBody}# TYPE kata_shim_go_goroutines gauge\nkata_shim_go_goroutines 1\n`,
  reasons: ['forbidden_family'],
});
