/**
 * Has a tab between value and timestamp, which text 0.0.4 allows and OpenMetrics does not: it is written as a blank.
 */
import { bodyFault } from '../fault.ts';
import { goodBody } from '../good-body.ts';

const samples = [42, 43].map((value) => `kata_guest_load{item="t${value}"} ${value}`);
const timestamp = Date.now();

export default bodyFault({
  name: 'tab-before-timestamp',
  sent: `${goodBody}${samples.map((sample) => `${sample}\t${timestamp}\n`).join('')}`,
  kept: `${goodBody.replace('# TYPE kata_guest_load gauge\n', (type) => `${type}${samples.join('\n')}\n`)}`,
  reasons: [],
});
