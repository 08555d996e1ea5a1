/**
 * Escapes what needs none in a HELP text, which stricter readers refuse a response for.
 */
import { bodyFault } from '../fault.ts';
import { goodBody } from '../good-body.ts';

const sent = `# HELP kata_guest_odd a \\t b \\" c \\
# TYPE kata_guest_odd gauge
kata_guest_odd 1
`;

export default bodyFault({
  name: 'help-with-odd-escapes',
  sent: `${goodBody}${sent}`,
  kept: `${goodBody}${sent}`,
  reasons: [],
});
