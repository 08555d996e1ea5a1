/**
 * Claims to be another sandbox: those samples go, and nothing of the other's is touched.
 */
import { bodyFault } from '../fault.ts';
import { replaceInBody } from '../good-body.ts';

const stays = 'kata_guest_load{item="load1"} 0.02\n';

export default bodyFault({
  name: 'own-sandbox-labels',
  sent: replaceInBody(
    stays,
    `${stays}kata_guest_load{item="load1",sandbox_id="good-a"} 9
kata_guest_load{item="load1",cri_uid="u"} 9
kata_guest_load{cri_name="n"} 9
kata_guest_load{cri_namespace="kube-system",item="load9"} 9
`,
  ),
  reasons: ['reserved_label'],
});
