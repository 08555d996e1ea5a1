/**
 * Has in label values what in OpenMetrics begins an exemplar, and braces.
 */
import { bodyFault } from '../fault.ts';
import { goodBody } from '../good-body.ts';

const sent = `kata_guest_odd{item=" # {a=1} 5"} 1
kata_guest_odd{item="} # {"} 1
kata_guest_odd{item="a # b"} 1
kata_guest_odd{item="\\\\ # \\"} 2"} 1
kata_guest_odd{item="# EOF"} 1
`;

export default bodyFault({
  name: 'hash-in-a-label',
  sent: `${goodBody}${sent}`,
  kept: `${goodBody}${sent}`,
  reasons: [],
});
