/**
 * The events of one sandbox or of the node, newest first, as the monitor has them. Read when the list is opened, and
 * again when a snapshot shows that there are new ones; not followed, because a browser has few connections for one host.
 */
import { useEffect, useState } from 'preact/hooks';
import type { EventList as Events, SandboxEvent, SandboxTotals } from '../src/api/index.ts';
import { formatAge, formatBytes, formatNumber, sandboxName } from '../src/view/index.ts';
import { formatView, type View } from './link.ts';
import { toShown } from './text.ts';

/** More are shown on request. */
const MAX_EVENTS = 20;
/** Of one sandbox, whose charts are below. */
const MAX_SANDBOX_EVENTS = 5;

interface EventListProps {
  /** The sandbox whose events are shown; undefined for all, with the names of their sandboxes. */
  readonly id?: string;
  /** Default: Events. */
  readonly title?: string;
  /** Only these, separated by commas. */
  readonly kinds?: string;
  /** Another text means that there may be other events. */
  readonly occasion: string;
  readonly view: View;
}

type Reading = { readonly events: readonly SandboxEvent[] } | { readonly problem: string };

/** Undefined where the monitor has no events, such as on the page over a Prometheus. */
async function read(query: string, signal: AbortSignal): Promise<Reading | undefined> {
  const address = `events${query === '' ? '' : `?${query}`}`;
  try {
    const response = await fetch(address, { headers: { accept: 'application/json' }, signal });
    if (response.status === 404) {
      return undefined;
    }
    return response.ok ? ((await response.json()) as Events) : { problem: `${address}: status ${response.status}` };
  } catch (error) {
    return { problem: `Cannot read ${address}: ${String(error)}` };
  }
}

export function EventList({ id, title = 'Events', kinds, occasion, view }: EventListProps) {
  const query = String(
    new URLSearchParams({ ...(id !== undefined && { sandbox: id }), ...(kinds !== undefined && { kind: kinds }) }),
  );
  const [isOpen, setIsOpen] = useState(id !== undefined);
  const [isWhole, setIsWhole] = useState(false);
  const [reading, setReading] = useState<Reading>();
  useEffect(() => {
    if (!isOpen) {
      return undefined;
    }
    const ending = new AbortController();
    void read(query, ending.signal).then((value) => {
      if (!ending.signal.aborted) {
        setReading(value);
      }
    });
    return () => ending.abort();
  }, [query, occasion, isOpen]);
  const events = reading !== undefined && 'events' in reading ? reading.events.toReversed() : [];
  const shown = isWhole ? events : events.slice(0, id === undefined ? MAX_EVENTS : MAX_SANDBOX_EVENTS);
  return (
    <details class="events" open={isOpen} onToggle={(event) => setIsOpen(event.currentTarget.open)}>
      <summary>{title}</summary>
      {reading !== undefined && 'problem' in reading && <p class="note">{reading.problem}</p>}
      {reading !== undefined && 'events' in reading && events.length === 0 && <p class="note">None yet.</p>}
      {shown.length > 0 && (
        <table class="plain">
          <thead>
            <tr>
              <th scope="col">Time</th>
              {id === undefined && <th scope="col">Sandbox</th>}
              <th scope="col">Event</th>
              <th scope="col">What happened</th>
            </tr>
          </thead>
          <tbody>
            {shown.map((event) => (
              <Row key={event.id} event={event} hasName={id === undefined} view={view} />
            ))}
          </tbody>
        </table>
      )}
      {shown.length < events.length && (
        <button type="button" onClick={() => setIsWhole(true)}>
          Show all {events.length} events
        </button>
      )}
    </details>
  );
}

interface RowProps {
  readonly event: SandboxEvent;
  readonly hasName: boolean;
  readonly view: View;
}

function Row({ event, hasName, view }: RowProps) {
  const { kind, timeSeconds, sandbox, namespace, pod, reason, message, count, suppressed, totals } = event;
  const texts = [
    ...(reason === null ? [] : [reason]),
    ...(count === null ? [] : [String(count)]),
    ...(message === null ? [] : [message]),
    ...(totals === null ? [] : describeTotals(totals)),
    ...(suppressed > 0 ? [`${suppressed} earlier events are not listed`] : []),
  ];
  return (
    <tr>
      <td>{new Date(timeSeconds * 1000).toLocaleString()}</td>
      {hasName && (
        <td>
          {sandbox !== null && (
            <a href={formatView({ ...view, sandbox })}>{toShown(sandboxName({ id: sandbox, namespace, pod }))}</a>
          )}
        </td>
      )}
      <td>{kind}</td>
      <td>{toShown(texts.join(': '))}</td>
    </tr>
  );
}

/** What a sandbox has used until its end, as far as it is known. */
function describeTotals(totals: SandboxTotals): string[] {
  const { lifetimeSeconds, cpuSeconds, hostCpuSeconds, memoryPeakBytes, hostMemoryPeakBytes } = totals;
  const texts = [
    ...(lifetimeSeconds === null ? [] : [`lived ${formatAge(lifetimeSeconds)}`]),
    ...(cpuSeconds === null ? [] : [`${formatNumber(cpuSeconds)} s of CPU time`]),
    ...(hostCpuSeconds === null ? [] : [`${formatNumber(hostCpuSeconds)} s on the host`]),
    ...(memoryPeakBytes === null ? [] : [`memory at most ${formatBytes(memoryPeakBytes)}`]),
    ...(hostMemoryPeakBytes === null ? [] : [`memory on the host at most ${formatBytes(hostMemoryPeakBytes)}`]),
  ];
  return texts.length === 0 ? [] : [texts.join(', ')];
}
