/**
 * An event as a CloudEvent: https://github.com/cloudevents/spec, version 1.0, in structured mode. Pure.
 */
import type { TypeOf } from './schema.ts';
import type { schemas } from './schemas.ts';

type CloudEvent = TypeOf<(typeof schemas)['CloudEvent'], typeof schemas>;
type SandboxEvent = TypeOf<(typeof schemas)['SandboxEvent'], typeof schemas>;

/** `node`: name of the node that the sandbox is on. */
export function toCloudEvent(event: SandboxEvent, node: string): CloudEvent {
  return {
    specversion: '1.0',
    id: event.id,
    source: `/kata-monitor/${encodeURIComponent(node)}`,
    type: `io.katacontainers.sandbox.${event.kind}`,
    // An empty subject is not allowed, so a gap has that of the node.
    subject: event.sandbox ?? node,
    time: new Date(event.timeSeconds * 1000).toISOString(),
    datacontenttype: 'application/json',
    data: event,
  };
}
