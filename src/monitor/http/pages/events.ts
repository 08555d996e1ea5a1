/**
 * The page /events: what happens to the sandboxes, as server-sent events, as JSON or as CloudEvents.
 */
import { type EventKind, eventKinds } from '../../../api/index.ts';
import type { EventFilter, EventForm } from '../../events/serves-events.ts';
import { apiPage, jsonReply } from './api.ts';
import { type Page, PageError, type PageParts, type PageRequest, quoteValue } from './page.ts';

/** Limit of the values of one parameter. */
const MAX_VALUES = 100;
/** The longest that a name in Kubernetes may be, and an id of a sandbox less. */
const MAX_VALUE_CHARS = 253;
const parameters: readonly string[] = ['kind', 'namespace', 'pod', 'sandbox', 'format', 'follow'];

export const eventsPage: Page<Pick<PageParts, 'events'>> = apiPage<Pick<PageParts, 'events'>>({
  path: '/events',
  about:
    'Events of the sandboxes as server-sent events, or as JSON with Accept: application/json; ?kind=, ?namespace=, ?pod= and ?sandbox= select some, ?format=cloudevents changes the format, ?follow=false ends after the known ones',
  handle: async (request, { events: { gate, open } }) => {
    const filter = readFilter(request);
    const { form, isList, isFollowing } = readForm(request);
    gate.enter(request);
    const events = await open();
    const lastEventId = request.header('last-event-id');
    if (isList) {
      const list = await events.list({ filter, form, lastEventId, signal: request.signal });
      return jsonReply(list, request, form === 'json' ? 'application/json' : 'application/cloudevents-batch+json');
    }
    const ending = new AbortController();
    // Also after the response to HEAD, which has no body.
    void request.finished.then(() => ending.abort());
    return {
      status: 200,
      headers: { 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-accel-buffering': 'no' },
      body: events.stream({ filter, form, lastEventId, isFollowing, signal: ending.signal }),
    };
  },
});

/** @throws {PageError} 400 */
function readFilter({ query }: PageRequest): EventFilter {
  const unknown = [...query.keys()].find((name) => !parameters.includes(name));
  if (unknown !== undefined) {
    throw new PageError(400, `Parameter must be one of ${parameters.join(', ')}, got ${quoteValue(unknown)}`);
  }
  const kinds = readValues(query, 'kind');
  const wrong = [...kinds].find((kind) => !isKind(kind));
  if (wrong !== undefined) {
    throw new PageError(400, `Parameter "kind" must be one of ${eventKinds.join(', ')}, got ${quoteValue(wrong)}`);
  }
  return {
    kinds: kinds as Set<EventKind>,
    namespaces: readValues(query, 'namespace'),
    pods: readValues(query, 'pod'),
    sandboxes: readValues(query, 'sandbox'),
  };
}

function isKind(text: string): text is EventKind {
  return (eventKinds as readonly string[]).includes(text);
}

/** Given several times, or separated by commas. */
function readValues(query: URLSearchParams, name: string): Set<string> {
  const values = query.getAll(name).flatMap((value) => value.split(',').filter((each) => each !== ''));
  if (values.length > MAX_VALUES) {
    throw new PageError(400, `Parameter "${name}" may have at most ${MAX_VALUES} values, got ${values.length}`);
  }
  const long = values.find(({ length }) => length > MAX_VALUE_CHARS);
  if (long !== undefined) {
    throw new PageError(400, `Parameter "${name}" may have at most ${MAX_VALUE_CHARS} characters, got ${long.length}`);
  }
  return new Set(values);
}

interface RequestedForm {
  readonly form: EventForm;
  /** One response with all events that there are, instead of a stream. */
  readonly isList: boolean;
  readonly isFollowing: boolean;
}

/** The parameters win over the header. Without both, a stream. */
function readForm(request: PageRequest): RequestedForm {
  const format = readChoice(request, 'format', ['json', 'cloudevents']);
  const follow = readChoice(request, 'follow', ['true', 'false']);
  const accepted = (request.header('accept') ?? '').toLowerCase();
  const isCloudEvents = accepted.includes('application/cloudevents');
  const isStream = accepted.includes('text/event-stream');
  return {
    form: (format ?? (isCloudEvents ? 'cloudevents' : 'json')) as EventForm,
    isList: !isStream && /application\/(?:json|cloudevents-batch\+json)/.test(accepted),
    isFollowing: follow !== 'false',
  };
}

function readChoice({ query }: PageRequest, name: string, choices: readonly string[]): string | undefined {
  const [value, ...more] = query.getAll(name);
  if (more.length > 0 || (value !== undefined && !choices.includes(value))) {
    throw new PageError(
      400,
      `Parameter "${name}" must be ${choices.join(' or ')}, got ${quoteValue(more[0] ?? value!)}`,
    );
  }
  return value;
}
