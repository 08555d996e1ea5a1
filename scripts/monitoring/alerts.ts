/**
 * All alerts of deploy/prometheus, in the order of the rules.
 */
import type { SandboxErrorReason } from '../../src/catalog/index.ts';
import { guestAlerts } from './guest-alerts.ts';
import { monitorAlerts } from './monitor-alerts.ts';
import { sandboxAlerts } from './sandbox-alerts.ts';

export { type Alert, allReasons, quietReasons } from './alert.ts';

export const alerts = [...monitorAlerts, ...sandboxAlerts, ...guestAlerts];

/** Each reason of the catalog and the alert for it; undefined for the quiet ones. */
export function alertOfReason(reason: SandboxErrorReason): string | undefined {
  return alerts.find(({ expression }) => new RegExp(`[|"]${reason}[|"]`).test(expression))?.name;
}
