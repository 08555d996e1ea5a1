/**
 * The OpenAPI 3.1 document of the API, generated from the table of schemas. The gate compares docs/openapi.json with it,
 * and a test of the server compares its paths with the pages.
 */
import type { JsonSchema } from './schema.ts';
import { schemas } from './schemas.ts';

const ref = (name: keyof typeof schemas): unknown => ({ $ref: `#/components/schemas/${name}` });

function response(description: string, schema: unknown, type = 'application/json'): unknown {
  return { description, content: { [type]: { schema } } };
}

const problem = (description: string): unknown => response(description, ref('Problem'), 'application/problem+json');

const refusals = {
  401: { description: 'web.yml requires a password or a client certificate. The body is text.' },
  403: { description: 'The Host header names another site. The body is text.' },
  503: problem('Too many concurrent requests, limit --web.max-requests.'),
};

const streamDescription = `Server-sent events, in the format of https://html.spec.whatwg.org/multipage/server-sent-events.html.
The monitor collects only while at least one client reads the stream, every 2 s, or less often where a collection costs much CPU
time (at least every 10 s), once for all clients. A client that reads slowly gets the latest event, not those that it missed.
Each event has an id. After a reconnect with Last-Event-ID, a client does not get an event again that it already has. The
monitor stores no earlier events.

Event "snapshot": a Snapshot. Event "sandbox", after a snapshot, for each request with the parameter "sandbox": a SandboxDetail.
Event "gone": the sandbox of the parameter is not on this node any more. Event "problem": a Problem; the stream goes on.`;

const eventsDescription = `What happens to the sandboxes. The monitor keeps the last events, as many as --events.max-count and --events.max-bytes
allow, and sends those first. Each event has an id. After a reconnect with Last-Event-ID, a client gets the events after that
one. If the monitor does not have them any more, or was restarted since then, an event of kind "gap" reports that.

While a client waits for other kinds than appeared and named, the monitor collects every 2 s, once for all clients. Without
one, it only records what scrapes, discovery and the container manager show.

Without "text/event-stream" in Accept, application/json requests an EventList, and application/cloudevents-batch+json a batch
of CloudEvents: the events that the monitor has after one collection. Otherwise, the response is server-sent events, without a
name, each with a SandboxEvent or a CloudEvent as data.`;

const several = (name: string, description: string, items: unknown = { type: 'string' }): unknown => ({
  name,
  in: 'query',
  required: false,
  style: 'form',
  explode: false,
  schema: { type: 'array', items },
  description,
});

const choice = (name: string, values: readonly string[], description: string): unknown => ({
  name,
  in: 'query',
  required: false,
  schema: { enum: values, default: values[0] },
  description,
});

/** `version`: of the package. `hasEvents`: whether /events is served. */
export function openApiDocument(version: string, { hasEvents = true }: { readonly hasEvents?: boolean } = {}): unknown {
  const document = wholeDocument(version);
  if (hasEvents) {
    return document;
  }
  const { '/events': _, ...paths } = document.paths;
  const used = schemasOf(paths);
  const all = Object.entries(document.components.schemas).filter(([name]) => used.has(name));
  return { ...document, paths, components: { ...document.components, schemas: Object.fromEntries(all) } };
}

/** Names of the schemas that these paths use, also within other schemas. */
function schemasOf(paths: object): ReadonlySet<string> {
  const names = new Set<string>();
  const waiting: unknown[] = [paths];
  for (const each of waiting) {
    for (const [, name = ''] of JSON.stringify(each).matchAll(/#\/components\/schemas\/(\w+)/g)) {
      if (!names.has(name)) {
        names.add(name);
        waiting.push(schemas[name as keyof typeof schemas]);
      }
    }
  }
  return names;
}

function wholeDocument(version: string) {
  return {
    openapi: '3.1.0',
    info: {
      title: 'kata-monitor',
      version,
      description:
        'The sandboxes of one node for people and programs. Served where --web.page is on. Prometheus uses /metrics instead.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    security: [{}, { password: [] }, { certificate: [] }],
    paths: {
      '/api/v1/node': {
        get: {
          operationId: 'getNode',
          summary: 'The node and its monitor.',
          responses: { 200: response('The node.', ref('Node')), ...refusals },
        },
      },
      '/api/v1/sandboxes': {
        get: {
          operationId: 'listSandboxes',
          summary: 'All sandboxes of the node.',
          responses: { 200: response('The sandboxes.', ref('Snapshot')), ...refusals },
        },
      },
      '/api/v1/sandboxes/{sandbox}': {
        get: {
          operationId: 'getSandbox',
          summary: 'One sandbox with its containers and metrics.',
          parameters: [
            {
              name: 'sandbox',
              in: 'path',
              required: true,
              schema: { type: 'string' },
              description: 'Id of the sandbox, or namespace/name of its pod.',
            },
          ],
          responses: {
            200: response('The sandbox.', ref('SandboxDetail')),
            400: problem('This is neither the id of a sandbox nor namespace/name of a pod.'),
            404: problem('The sandbox is not on this node.'),
            ...refusals,
          },
        },
      },
      '/api/v1/stream': {
        get: {
          operationId: 'streamSandboxes',
          summary: 'All sandboxes of the node, again and again.',
          description: streamDescription,
          parameters: [
            {
              name: 'sandbox',
              in: 'query',
              required: false,
              schema: { type: 'string' },
              description: 'Id of a sandbox whose details are sent too.',
            },
            { name: 'Last-Event-ID', in: 'header', required: false, schema: { type: 'string' } },
          ],
          responses: {
            200: response('The events.', { type: 'string' }, 'text/event-stream'),
            400: problem('The parameter is not the id of a sandbox.'),
            ...refusals,
          },
        },
      },
      '/events': {
        get: {
          operationId: 'streamEvents',
          summary: 'What happens to the sandboxes.',
          description: eventsDescription,
          parameters: [
            several('kind', 'Only events of these kinds.', ref('EventKind')),
            several('namespace', 'Only events of pods in these namespaces: from "named" on.'),
            several('pod', 'Only events of pods with these names: from "named" on.'),
            several('sandbox', 'Only events of the sandboxes with these ids.'),
            choice('format', ['json', 'cloudevents'], 'Format of the events. By default, Accept decides.'),
            choice('follow', ['true', 'false'], 'Whether the stream goes on after the events that the monitor has.'),
            { name: 'Last-Event-ID', in: 'header', required: false, schema: { type: 'string' } },
          ],
          responses: {
            200: {
              description: 'The events.',
              content: {
                'text/event-stream': { schema: { type: 'string' } },
                'application/json': { schema: ref('EventList') },
                'application/cloudevents-batch+json': { schema: { type: 'array', items: ref('CloudEvent') } },
              },
            },
            400: problem('A parameter is not known, or has a value that is not allowed.'),
            ...refusals,
          },
        },
      },
      '/api/v1/openapi.json': {
        get: {
          operationId: 'getOpenApi',
          summary: 'This document.',
          responses: { 200: response('The document.', { type: 'object' }), 401: refusals[401], 403: refusals[403] },
        },
      },
    },
    components: {
      schemas: Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [name, withRequired(schema)])),
      securitySchemes: {
        password: { type: 'http', scheme: 'basic', description: 'If web.yml has basic_auth_users.' },
        certificate: { type: 'mutualTLS', description: 'If web.yml requires client certificates.' },
      },
    },
  };
}

/** Every property is required. */
function withRequired(schema: JsonSchema): unknown {
  return 'properties' in schema ? { ...schema, required: Object.keys(schema.properties) } : schema;
}
