/**
 * Has timestamps far in the future and in 1970.
 */
import { bodyFault } from '../fault.ts';
import { goodBody } from '../good-body.ts';

const sent = `kata_guest_odd{item="a"} 1 999999999999999999
kata_guest_odd{item="b"} 1 0
kata_guest_odd{item="c"} 1 1700000000123
`;

export default bodyFault({
  name: 'huge-timestamps',
  sent: `${goodBody}${sent}`,
  kept: `${goodBody}${sent}`,
  reasons: [],
});
