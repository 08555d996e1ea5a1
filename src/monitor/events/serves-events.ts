/**
 * The interfaces of the server of events. Types only, so that nothing is loaded for them.
 */
import type { EventKind } from '../../api/index.ts';

/** For each property, one value must match; an empty set matches everything. */
export interface EventFilter {
  readonly kinds: ReadonlySet<EventKind>;
  readonly namespaces: ReadonlySet<string>;
  readonly pods: ReadonlySet<string>;
  readonly sandboxes: ReadonlySet<string>;
}

export type EventForm = 'cloudevents' | 'json';

export interface EventsRequest {
  readonly filter: EventFilter;
  readonly form: EventForm;
  /** The id of the last event that the client has, from Last-Event-ID. Default: none, so that all events are sent. */
  readonly lastEventId?: string | undefined;
  /** Ends the events. */
  readonly signal: AbortSignal;
}

/** Causes collections, and waits for them. */
export interface Collections {
  /**
   * Waits for a collection after the one with this number; 0: for one that is fresh. Returns its number, or undefined when
   * the signal has fired or there are no more collections.
   */
  nextCollection(after: number, signal: AbortSignal): Promise<number | undefined>;
}

export interface ServesEvents {
  /**
   * Server-sent events for one client: those of the ring, and, with `isFollowing`, all later ones until its signal fires or
   * the log is closed. Never throws.
   */
  stream(request: EventsRequest & { readonly isFollowing: boolean }): AsyncGenerator<Buffer>;
  /** An EventList, or a batch of CloudEvents, as JSON. Collects before, if the kinds need it. */
  list(request: EventsRequest): Promise<string>;
}
