/**
 * Where `events` gets the events from: this node, or a monitor.
 */
import type { EventKind } from '../../api/index.ts';
import type { Message } from './message-reader.ts';

export interface EventSelection {
  readonly kinds: readonly EventKind[];
  readonly namespaces: readonly string[];
  readonly pods: readonly string[];
  readonly sandboxes: readonly string[];
  readonly form: 'cloudevents' | 'json';
  /** Undefined for all events that there are. */
  readonly lastEventId: string | undefined;
}

export interface EventSource {
  /**
   * The JSON of a list: an EventList, or a batch of CloudEvents.
   * @throws {CliError} when the events cannot be read
   * @throws the signal's reason
   */
  list(selection: EventSelection, signal: AbortSignal): Promise<unknown>;
  /**
   * The messages of all events, and of later ones as they come, until the signal fires.
   * @throws {CliError} when the events cannot be read
   */
  stream(selection: EventSelection, signal: AbortSignal): AsyncIterable<Message>;
  close(): void;
}
