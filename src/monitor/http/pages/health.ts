/**
 * `/healthz` and `/readyz`, for a service manager or Kubernetes: whether the monitor responds, and whether it has read every
 * sandboxes root once. Neither queries a sandbox, so that no sandbox can make the monitor unhealthy. Both are open: the
 * kubelet has no password, and clients that exhaust the rate limit must not get the pod restarted.
 */
import { type Page, textReply } from './page.ts';

export const healthPage: Page<unknown> = {
  path: '/healthz',
  about: 'Liveness: ok as long as the monitor responds',
  needsSandbox: false,
  isAdmin: false,
  isOpen: true,
  handle: async () => textReply('ok\n'),
};

export const readyPage: Page = {
  path: '/readyz',
  about: 'Readiness: ready when every sandboxes root has been read once',
  needsSandbox: false,
  isAdmin: false,
  isOpen: true,
  handle: async (_request, { discovery }) =>
    discovery.isEveryRootLookedAt()
      ? textReply('ready\n')
      : textReply('Not ready: not every sandboxes root has been read yet\n', 503),
};
