/**
 * Has a label value without its closing quote.
 */
import { bodyFault } from '../fault.ts';
import { replaceInBody, withoutFamily } from '../good-body.ts';

const stays = 'kata_guest_load{item="load1"} 0.02\n';

export default bodyFault({
  name: 'open-label-value',
  sent: replaceInBody(stays, `${stays}kata_guest_load{item="x} 1\n`),
  kept: withoutFamily('kata_guest_load'),
  reasons: ['unterminated_label_value'],
});
