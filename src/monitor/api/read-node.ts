/**
 * The interfaces of the API's components: one reads the node, one streams it. Types only.
 */
import type { SandboxDetail, Snapshot } from '../../api/index.ts';

export interface ReadNodeRequest {
  /** Milliseconds until the objects must be complete. */
  readonly timeoutMs: number;
  /** Fires when the caller does not need them any more. */
  readonly signal: AbortSignal;
  /** Only these sandboxes are collected. Default: all. */
  readonly sandboxIds?: readonly string[];
  /** Ids of the sandboxes whose details are needed. */
  readonly detailIds?: ReadonlySet<string>;
}

export interface NodeReading {
  readonly snapshot: Snapshot;
  /** Details by id, of the requested sandboxes that are on this node. */
  readonly details: ReadonlyMap<string, SandboxDetail>;
}

export interface ReadsNode {
  /** @throws the signal's reason */
  read(request: ReadNodeRequest): Promise<NodeReading>;
}

export interface ReadEventsRequest {
  /** The id of the last event that the client has, from Last-Event-ID. */
  readonly lastEventId?: string | undefined;
  /** The sandbox whose details are sent too. */
  readonly sandboxId?: string | undefined;
  /** Ends the events. */
  readonly signal: AbortSignal;
}

export interface StreamsNode {
  /** The encoded events for one client, until its signal fires or the stream is closed. Never throws. */
  events(request: ReadEventsRequest): AsyncGenerator<Buffer>;
}
