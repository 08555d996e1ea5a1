/**
 * Writes names in quotes, as newer clients write those beyond ASCII: those lines are dropped, and no family.
 */
import { bodyFault } from '../fault.ts';
import { replaceInBody } from '../good-body.ts';

const stays = 'kata_guest_load{item="load1"} 0.02\n';

export default bodyFault({
  name: 'utf8-names',
  sent: replaceInBody(
    stays,
    `${stays}{"kata.dots",a="b"} 2
{"kata_guest_load",item="load1"} 2
kata_guest_load{"item.name"="load1"} 2
# TYPE "kata.dots" gauge
`,
  ),
  reasons: ['utf8_name'],
});
