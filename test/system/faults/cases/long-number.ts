/**
 * Has a value of 100,000 digits that is a number still.
 */
import { bodyFault } from '../fault.ts';
import { goodBody, withoutFamily } from '../good-body.ts';

export default bodyFault({
  name: 'long-number',
  sent: `${goodBody}kata_guest_load{item="load2"} 0.${'0'.repeat(100_000)}1\n`,
  kept: withoutFamily('kata_guest_load'),
  reasons: ['bad_value'],
});
