/**
 * States other types for families outside of the catalog than the good sandboxes do, and names that their samples have:
 * no sandbox loses samples, and the scalar family is untyped.
 */
import { bodyFault } from '../fault.ts';
import { goodBody } from '../good-body.ts';

const sent = `# TYPE kata_guest_mixed counter
kata_guest_mixed{item="a"} 1
# TYPE kata_guest_spread_sum gauge
kata_guest_spread_sum 1
`;

export default bodyFault({
  name: 'type-of-an-unknown-family',
  sent: `${goodBody}${sent}`,
  kept: `${goodBody}${sent}`,
  reasons: [],
});
