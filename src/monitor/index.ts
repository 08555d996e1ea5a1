/**
 * The node monitor: discovers sandboxes, scrapes their shims, and serves the metrics to Prometheus.
 */

export { WebConfigError } from '../web-config/index.ts';
export type { MetricsAnswer, MetricsAnswerer, MetricsQuestion } from './answer/answerer.ts';
export { createLog, type Log } from './answer/log.ts';
export type { AnswererParts } from './answer/node-answer.ts';
export { checkSettings } from './check-settings.ts';
export { ListenError } from './http/listen.ts';
export { type MonitorOptions, type RunningMonitor, startMonitor } from './start-monitor.ts';
