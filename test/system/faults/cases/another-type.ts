/**
 * Says that a gauge is a counter: its samples fit the type that the catalog knows.
 */
import { bodyFault } from '../fault.ts';
import { replaceInBody } from '../good-body.ts';

export default bodyFault({
  name: 'another-type',
  sent: replaceInBody('# TYPE kata_guest_load gauge', '# TYPE kata_guest_load counter'),
  reasons: [],
});
