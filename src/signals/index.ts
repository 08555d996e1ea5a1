/**
 * The signals that end a program.
 */
export { waitForEndSignal } from './wait-for-end-signal.ts';
