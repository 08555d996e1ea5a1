/**
 * Has bytes in a label value that are no UTF-8.
 */
import { bodyFault } from '../fault.ts';
import { goodBody, withoutFamily } from '../good-body.ts';

export default bodyFault({
  name: 'invalid-utf8',
  sent: Buffer.concat([
    Buffer.from(`${goodBody}kata_guest_load{item="`),
    Buffer.from([0xc3, 0x28]),
    Buffer.from('"} 1\n'),
  ]),
  kept: withoutFamily('kata_guest_load'),
  reasons: ['invalid_utf8'],
});
