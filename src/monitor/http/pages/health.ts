/**
 * `/healthz` and `/readyz`, for a service manager or Kubernetes: whether the monitor answers at all, and whether it has
 * looked at every root once. Neither asks a sandbox, so that no sandbox can make the monitor look unhealthy. Both are open:
 * the kubelet has no password, and clients that use up the rate limit must not get the pod restarted.
 */
import { type Page, textReply } from './page.ts';

export const healthPage: Page = {
  path: '/healthz',
  about: 'Says ok as long as the monitor answers',
  needsSandbox: false,
  isAdmin: false,
  isOpen: true,
  answer: async () => textReply('ok\n'),
};

export const readyPage: Page = {
  path: '/readyz',
  about: 'Says ready when every sandboxes root has been looked at once',
  needsSandbox: false,
  isAdmin: false,
  isOpen: true,
  answer: async (_request, { discovery }) =>
    discovery.isEveryRootLookedAt()
      ? textReply('ready\n')
      : textReply('Not ready: not every sandboxes root has been looked at yet\n', 503),
};
