/**
 * Sends a series twice, with its labels in another order: the first stays.
 */
import { bodyFault } from '../fault.ts';
import { replaceInBody } from '../good-body.ts';

const line = 'kata_guest_cpu_time{cpu="0",item="guest"} ';

export default bodyFault({
  name: 'same-series-twice',
  sent: replaceInBody(
    'kata_guest_load{item="load5"} 0.34\n',
    'kata_guest_load{item="load5"} 0.34\nkata_guest_load{item="load1"} 77\n',
  ).replace(line, `kata_guest_cpu_time{item="guest",cpu="1"} 0\n${line}`),
  kept: replaceInBody(line, `kata_guest_cpu_time{item="guest",cpu="1"} 0\n${line}`).replace(
    /^kata_guest_cpu_time\{cpu="1",item="guest"\} .*\n/m,
    '',
  ),
  reasons: ['duplicate_series'],
});
