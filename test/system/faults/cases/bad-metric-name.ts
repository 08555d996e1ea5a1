/**
 * Has samples whose names are none, which belong to no family.
 */
import { bodyFault } from '../fault.ts';
import { goodBody } from '../good-body.ts';

export default bodyFault({
  name: 'bad-metric-name',
  sent: `${goodBody}9lives 1\n-kata_guest_load 1\n{item="x"} 1\nkätä 1\n`,
  reasons: ['bad_metric_name'],
});
