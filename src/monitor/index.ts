/**
 * The node monitor: finds sandboxes, asks their shims, answers Prometheus.
 */

export { WebConfigError } from '../web-config/index.ts';
export type { AnswererParts } from './answerer-parts.ts';
export { ListenError } from './listen.ts';
export { createLog, type Log } from './log.ts';
export type { MetricsAnswer, MetricsAnswerer, MetricsQuestion } from './metrics-answerer.ts';
export { runMonitorProgram } from './program.ts';
export { type MonitorOptions, type RunningMonitor, startMonitor } from './start-monitor.ts';
