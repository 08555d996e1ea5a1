/**
 * The kinds of events of sandboxes. Pure.
 */

/** Kinds of events, in the order in which a sandbox causes them. */
export const eventKinds = [
  'appeared',
  'named',
  'ready',
  'paused',
  'resumed',
  'unresponsive',
  'healthy',
  'restarted',
  'oom_kill',
  'panic',
  'ended',
  'gap',
] as const;

export type EventKind = (typeof eventKinds)[number];

/** Found without a request to a shim: by a look into the directories of sandboxes, or by the container manager. */
const freeKinds: ReadonlySet<EventKind> = new Set(['appeared', 'named', 'gap']);

/** Whether events of these kinds are found only by requests to the shims. */
export function needsPolling(kinds: Iterable<EventKind>): boolean {
  return [...kinds].some((kind) => !freeKinds.has(kind));
}
