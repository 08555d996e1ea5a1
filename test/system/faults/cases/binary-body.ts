/**
 * Sends bytes that are no text.
 */
import { bodyFault } from '../fault.ts';

export default bodyFault({
  name: 'binary-body',
  sent: Buffer.from(Array.from({ length: 4096 }, (_, i) => ((i * 7) % 256) & 0xf5)),
  kept: '',
  reasons: ['bad_metric_name'],
});
