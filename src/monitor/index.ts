/**
 * The node monitor: discovers sandboxes, scrapes their shims, and serves the metrics to Prometheus.
 */

export { WebConfigError } from '../web-config/index.ts';
export { createLog, type Log } from './answer/log.ts';
export type { MetricsRequest, MetricsResponder, MetricsResponse } from './answer/metrics-responder.ts';
export type { ResponderParts } from './answer/responder-parts.ts';
export { checkSettings } from './check-settings.ts';
export { ListenError } from './http/listen.ts';
export { type MonitorOptions, type RunningMonitor, startMonitor } from './start-monitor.ts';
