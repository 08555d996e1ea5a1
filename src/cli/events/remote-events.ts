/**
 * The events that a monitor serves under /events. A stream that breaks is continued: the monitor sends what was missed.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { CliError } from '../cli-error.ts';
import { type JsonClientOptions, openJsonClient } from '../top/json-client.ts';
import { monitorHints } from '../top/remote-node.ts';
import type { EventSelection, EventSource } from './event-source.ts';
import { MessageReader } from './message-reader.ts';

export interface RemoteEventsOptions extends Omit<JsonClientOptions, 'hasPath' | 'hints' | 'option' | 'what'> {
  /** Called when the stream broke, and before it is continued. */
  readonly onLoss: (message: string) => void;
}

const RETRY_MS = 2000;
/** Three times the interval at which a monitor sends something, if only a comment. */
const SILENCE_MS = 45_000;

/** @throws {OptionError} when the options do not describe a monitor, or a file of theirs cannot be read */
export function openRemoteEvents({ onLoss, ...options }: RemoteEventsOptions): EventSource {
  const hints = monitorHints;
  const client = openJsonClient({ ...options, option: 'url', hasPath: false, what: 'the events of a monitor', hints });
  return {
    list: (selection, signal) => client.get(toPath(selection), signal, toHeaders(selection.lastEventId)),
    stream: async function* (selection, signal) {
      let { lastEventId } = selection;
      let isConnected = false;
      while (!signal.aborted) {
        try {
          const headers = { accept: 'text/event-stream', ...toHeaders(lastEventId) };
          const response = await client.open(toPath(selection), headers, signal);
          isConnected = true;
          response.setTimeout(SILENCE_MS, () => response.destroy(new Error(`nothing was sent for ${SILENCE_MS} ms`)));
          const reader = new MessageReader();
          for await (const piece of response as AsyncIterable<Buffer>) {
            for (const message of reader.push(piece)) {
              yield message;
              lastEventId = message.id ?? lastEventId;
            }
          }
          throw new Error('the monitor has ended the stream');
        } catch (error) {
          if (signal.aborted) {
            return;
          }
          // The first connection decides whether there is a monitor at all.
          if (!isConnected) {
            throw error;
          }
          const { message } = error as Error;
          onLoss(error instanceof CliError ? message : `The stream was interrupted: ${message}`);
          await wait(RETRY_MS, undefined, { signal }).catch(() => undefined);
        }
      }
    },
    close: () => client.close(),
  };
}

function toHeaders(lastEventId: string | undefined): Readonly<Record<string, string>> {
  return lastEventId === undefined ? {} : { 'last-event-id': lastEventId };
}

function toPath({ kinds, namespaces, pods, sandboxes, form }: EventSelection): string {
  const query = new URLSearchParams({ format: form });
  const lists = { kind: kinds, namespace: namespaces, pod: pods, sandbox: sandboxes };
  for (const [name, values] of Object.entries(lists)) {
    if (values.length > 0) {
      query.set(name, values.join(','));
    }
  }
  return `/events?${query}`;
}
