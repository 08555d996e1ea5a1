/**
 * States types that text 0.0.4 does not have: those families are dropped.
 */
import { bodyFault } from '../fault.ts';
import { goodBody } from '../good-body.ts';

const sent = `# TYPE kata_guest_odd info
kata_guest_odd_info 1
# TYPE kata_guest_state stateset
kata_guest_state{kata_guest_state="a"} 1
# TYPE kata_guest_load2 unknown
kata_guest_load2 1
`;

export default bodyFault({
  name: 'types-of-openmetrics',
  sent: `${goodBody}${sent}`,
  kept: `${goodBody}kata_guest_odd_info 1
`,
  reasons: ['bad_type'],
});
