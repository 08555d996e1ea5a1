/**
 * Sends one family in two places: its samples stand together in the answer.
 */
import { bodyFault } from '../fault.ts';
import { goodBody, replaceInBody } from '../good-body.ts';

const moved = 'kata_guest_load{item="load15"} 0.26\n';

export default bodyFault({
  name: 'family-in-two-places',
  sent: `# TYPE kata_guest_tasks gauge\n${replaceInBody(moved, '')}${moved}`,
  kept: goodBody,
  reasons: [],
});
