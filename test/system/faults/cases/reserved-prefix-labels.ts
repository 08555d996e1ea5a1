/**
 * Sends labels that Prometheus keeps for itself: those samples are dropped, and the target stays up.
 */
import { bodyFault } from '../fault.ts';
import { replaceInBody } from '../good-body.ts';

const stays = 'kata_guest_load{item="load1"} 0.02\n';

export default bodyFault({
  name: 'reserved-prefix-labels',
  sent: replaceInBody(
    stays,
    `${stays}kata_guest_load{item="load1",__name__="x"} 1
kata_guest_load{__address__="10.0.0.1"} 1
kata_guest_load{__type__="counter",item="load1"} 1
kata_guest_load{__="",item="load1"} 1
`,
  ),
  reasons: ['reserved_label'],
});
