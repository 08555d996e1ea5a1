/**
 * One sandbox: its problems, charts on one time axis, containers, and all families.
 */
import { useState } from 'preact/hooks';
import type { SandboxDetail, SandboxStatus } from '../src/api/index.ts';
import {
  cpuModes,
  type DetailField,
  describeIncidents,
  describeReason,
  formatAge,
  formatBytes,
  formatCores,
  formatMilliseconds,
  formatNumber,
  formatPercent,
  formatRate,
  runbookOf,
  sandboxName,
} from '../src/view/index.ts';
import type { ChangeView } from './app.tsx';
import { Chart, type ChartSeries } from './chart.tsx';
import { CopyButton } from './copy-button.tsx';
import { EventList } from './event-list.tsx';
import { FamilyList } from './family-list.tsx';
import type { Field, HistoryRow } from './history.ts';
import { ranges, type View } from './link.ts';
import type { Live } from './live.ts';
import { StateBadge } from './state-badge.tsx';
import { toShown } from './text.ts';

interface ChartSpec {
  readonly title: string;
  readonly format: (value: number | null | undefined) => string;
  readonly series: readonly {
    readonly label: string;
    readonly field: DetailField | Field;
    readonly isLimit?: boolean;
  }[];
  readonly increments?: number[];
  /** Not every runtime and kernel has the values: without any, the chart is not shown. */
  readonly isOptional?: boolean;
  /** `$` stands for the selector of the sandbox. */
  readonly query: string;
}

/** For bytes. */
const powersOfTwo = Array.from({ length: 50 }, (_, i) => 2 ** i);

/** Rates have no names, so that a label tells them apart. */
function pressureQuery(prefix: string): string {
  return ['cpu', 'memory', 'io']
    .map((each) => `label_replace(rate(${prefix}_${each}_waiting_seconds_total{$}[1m]), "resource", "${each}", "", "")`)
    .join(' or ');
}

const charts: readonly ChartSpec[] = [
  {
    title: 'Guest CPU by mode',
    format: formatCores,
    series: [
      ...cpuModes.map((mode) => ({ label: mode, field: mode })),
      { label: 'CPUs of the guest', field: 'cpuLimit', isLimit: true },
    ],
    query: 'rate(kata_guest_cpu_time{cpu="total",item!~"idle|guest.*",$}[1m]) / 1000',
  },
  {
    title: 'Guest memory',
    format: formatBytes,
    increments: powersOfTwo,
    series: [
      { label: 'in use', field: 'memory' },
      { label: 'total', field: 'memoryTotal', isLimit: true },
    ],
    query: 'kata_sandbox_memory_working_set_bytes{$}',
  },
  {
    title: 'CPU on the host beside the guest',
    format: formatCores,
    series: [
      { label: 'guest', field: 'cpu' },
      { label: 'host', field: 'hostCpu' },
    ],
    query: 'rate(kata_sandbox_host_cpu_seconds_total{$}[1m])',
  },
  {
    title: 'Memory on the host beside the guest',
    format: formatBytes,
    increments: powersOfTwo,
    series: [
      { label: 'guest', field: 'memory' },
      { label: 'host', field: 'hostMemory' },
      { label: 'overhead', field: 'overhead' },
    ],
    query: 'kata_sandbox_host_memory_bytes{$}',
  },
  {
    title: 'Pressure in the guest',
    format: formatPercent,
    isOptional: true,
    series: [
      { label: 'waiting for CPU', field: 'guestWaitsForCpu' },
      { label: 'memory', field: 'guestWaitsForMemory' },
      { label: 'I/O', field: 'guestWaitsForIo' },
    ],
    query: pressureQuery('kata_guest_pressure'),
  },
  {
    title: 'Waiting for the host',
    format: formatPercent,
    isOptional: true,
    series: [
      { label: 'virtual CPUs', field: 'vcpusWait' },
      { label: 'CPU', field: 'hostWaitsForCpu' },
      { label: 'memory', field: 'hostWaitsForMemory' },
      { label: 'I/O', field: 'hostWaitsForIo' },
    ],
    query: `${pressureQuery('kata_shim_sandbox_pressure')} or label_replace(sum without (cpu) (rate(kata_hypervisor_vcpu_wait_seconds_total{$}[1m])), "resource", "vcpu", "", "")`,
  },
  {
    title: 'Network',
    format: formatRate,
    increments: powersOfTwo,
    series: [
      { label: 'received', field: 'receive' },
      { label: 'sent', field: 'transmit' },
    ],
    query: 'sum(rate(kata_sandbox_network_receive_bytes_total{$}[1m]))',
  },
  {
    title: 'Disk',
    format: formatRate,
    increments: powersOfTwo,
    series: [
      { label: 'read', field: 'read' },
      { label: 'written', field: 'written' },
    ],
    query: 'sum(rate(kata_sandbox_disk_written_bytes_total{$}[1m]))',
  },
  {
    title: 'Load',
    format: formatNumber,
    series: [{ label: 'load average over 1 minute', field: 'load' }],
    query: 'kata_sandbox_load1{$}',
  },
  {
    title: 'Agent round trip',
    format: formatMilliseconds,
    series: [{ label: 'mean of GetMetrics', field: 'agent' }],
    query:
      'rate(kata_shim_agent_rpc_durations_histogram_milliseconds_sum{action="grpc.GetMetricsRequest",$}[1m]) / rate(kata_shim_agent_rpc_durations_histogram_milliseconds_count{action="grpc.GetMetricsRequest",$}[1m])',
  },
];

interface SandboxViewProps {
  readonly live: Live;
  readonly id: string;
  readonly view: View;
  readonly changeView: ChangeView;
}

export function SandboxView({ live, id, view, changeView }: SandboxViewProps) {
  const [zoom, setZoom] = useState<{ readonly from: number; readonly to: number }>();
  const row = live.history.find(id);
  const back = (
    <button type="button" onClick={() => changeView({ sandbox: undefined })}>
      ← All sandboxes
    </button>
  );
  if (row === undefined) {
    return (
      <section aria-label="Sandbox">
        {back}
        {live.history.latest !== undefined && (
          <p class="note">
            No sandbox {toShown(id)} {live.history.place}.
          </p>
        )}
        {/* The monitor may have events of one that has ended. */}
        {live.history.latest !== undefined && !live.history.hasNodes && (
          <EventList id={id} occasion="none" view={view} />
        )}
      </section>
    );
  }
  const detail = live.state.detail?.sandbox.id === id ? live.state.detail : undefined;
  const latestSeconds = live.history.latest?.node.nowSeconds ?? row.nowSeconds;
  const to = row.nowSeconds;
  // Of a page that was just opened, what there is, and not minutes without values.
  const first = Math.min(live.history.firstSeconds ?? to, to - ranges[0]);
  const shown = zoom ?? { from: Math.max(first, to - view.range), to };
  return (
    <section aria-labelledby="sandbox-title">
      {back}
      <h2 id="sandbox-title">
        {toShown(sandboxName(row.status))} <StateBadge status={row.status} isGone={row.goneSeconds !== undefined} />
      </h2>
      <Diagnosis row={row} latestSeconds={latestSeconds} />
      {detail !== undefined && <Incidents detail={detail} />}
      {!live.history.hasNodes && <EventList id={id} occasion={occasionOf(row, latestSeconds, detail)} view={view} />}
      <p class="ids">
        <span>{toShown(row.status.id)}</span> <span>{describePlace(row.status)}</span>{' '}
        {row.status.startSeconds !== null && (
          <span>created {formatAge(Math.max(0, row.nowSeconds - row.status.startSeconds))} ago</span>
        )}{' '}
        {row.status.stateSinceSeconds !== null && (
          <span>
            {row.status.state} for {formatAge(Math.max(0, row.nowSeconds - row.status.stateSinceSeconds))}
          </span>
        )}
      </p>
      <fieldset class="filters">
        <legend class="visually-hidden">Time range</legend>
        {ranges.map((range) => (
          <button
            type="button"
            key={range}
            aria-pressed={zoom === undefined && view.range === range}
            onClick={() => {
              setZoom(undefined);
              changeView({ range });
            }}
          >
            {range / 60} min
          </button>
        ))}
        {zoom !== undefined && (
          <button type="button" onClick={() => setZoom(undefined)}>
            End zoom
          </button>
        )}
      </fieldset>
      <div class="charts">
        {charts
          .filter(
            ({ isOptional, series }) => isOptional !== true || series.some(({ field }) => live.history.has(id, field)),
          )
          .map((spec) => (
            <ChartBox key={spec.title} spec={spec} live={live} id={id} range={shown} onZoom={setZoom} />
          ))}
      </div>
      {detail !== undefined && <Containers detail={detail} />}
      <FamilyList id={id} families={detail?.families ?? []} hasRawText={!live.history.hasNodes} />
    </section>
  );
}

function describePlace({ node, root }: SandboxStatus): string {
  return node === null ? `in ${toShown(root ?? '')}` : `on node ${toShown(node)}`;
}

/** The monitor may find the reason of an end some seconds after the end. */
const END_SECONDS = 5;

function occasionOf(
  { status: { state, stateSinceSeconds, restarts }, goneSeconds }: HistoryRow,
  latestSeconds: number,
  detail: SandboxDetail | undefined,
): string {
  return goneSeconds !== undefined
    ? `gone ${Math.floor((latestSeconds - goneSeconds) / END_SECONDS)}`
    : `${state} ${stateSinceSeconds} ${restarts} ${detail === undefined ? '' : describeIncidents(detail).join()}`;
}

interface DiagnosisProps {
  readonly row: HistoryRow;
  /** When the latest snapshot was taken; that of the row of a sandbox that has ended is older. */
  readonly latestSeconds: number;
}

/** What happened, since when, and what to look at. */
function Diagnosis({ row: { status, nowSeconds, goneSeconds }, latestSeconds }: DiagnosisProps) {
  if (goneSeconds !== undefined) {
    return (
      <p class="alert">
        This sandbox ended {formatAge(Math.max(0, latestSeconds - goneSeconds))} ago. The charts stay for a minute.
      </p>
    );
  }
  if (status.isHealthy) {
    return null;
  }
  const runbook = runbookOf(status);
  return (
    <div class="alert" role="status">
      <p>
        <strong>{stateMeanings[status.state]}</strong>
        {status.stateSinceSeconds !== null &&
          ` Since ${new Date(status.stateSinceSeconds * 1000).toLocaleString()}, for ${formatAge(Math.max(0, nowSeconds - status.stateSinceSeconds))}.`}
      </p>
      {status.message !== null && <p>The monitor reports: {toShown(status.message)}</p>}
      <ul>
        {status.reasons.map((reason) => (
          <li key={reason}>
            <code>{reason}</code>: {describeReason(reason) ?? 'A reason of another version.'}
          </li>
        ))}
      </ul>
      {status.droppedSamples > 0 && <p>{formatNumber(status.droppedSamples)} samples were dropped.</p>}
      {runbook !== undefined && (
        <p>
          What to do: <a href={`page/runbooks/${runbook}`}>docs/runbooks/{runbook}</a>
        </p>
      )}
    </div>
  );
}

function Incidents({ detail }: { readonly detail: SandboxDetail }) {
  const { restarts } = detail.sandbox;
  const restarted = `Guest or shim were restarted since the monitor found this sandbox (${restarts}). Their counters began at 0.`;
  const texts = [...((restarts ?? 0) > 0 ? [restarted] : []), ...describeIncidents(detail)];
  return texts.length === 0 ? null : (
    <ul class="alert">
      {texts.map((text) => (
        <li key={text}>{text}</li>
      ))}
    </ul>
  );
}

const stateMeanings: Readonly<Record<SandboxStatus['state'], string>> = {
  running: 'Some metrics of this sandbox are missing.',
  booting: 'The guest does not respond yet.',
  starting: 'The shim does not respond yet.',
  paused: 'The virtual machine is paused.',
  'guest-unresponsive': 'The guest does not respond: it has crashed, or is paused and its shim does not report that.',
  unresponsive: 'The shim does not respond in time.',
  broken: 'The response of the shim is not usable.',
  stale: 'No process listens on the socket of the shim, or the monitor may not open it.',
};

interface ChartBoxProps {
  readonly spec: ChartSpec;
  readonly live: Live;
  readonly id: string;
  readonly range: { readonly from: number; readonly to: number };
  readonly onZoom: (range: { readonly from: number; readonly to: number } | undefined) => void;
}

function ChartBox({ spec: { title, format, increments, series, query }, live, id, range, onZoom }: ChartBoxProps) {
  const drawn: ChartSeries[] = series.map(({ label, field, isLimit = false }) => ({
    label,
    isLimit,
    values: live.history.series(id, field),
  }));
  return (
    <section class="chart-box" aria-label={title}>
      <h3>{title}</h3>
      <CopyButton what={`PromQL of ${title}`} text={query.replaceAll('$', `sandbox_id="${id}"`)}>
        Copy PromQL
      </CopyButton>
      <Chart
        title={title}
        times={live.history.times()}
        series={drawn}
        format={format}
        increments={increments}
        {...range}
        onZoom={onZoom}
      />
    </section>
  );
}

function Containers({ detail: { containers } }: { readonly detail: SandboxDetail }) {
  return containers.length === 0 ? null : (
    <section aria-label="Containers">
      <h3>Containers</h3>
      <table class="plain">
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col">Image</th>
            <th scope="col">CPU time</th>
            <th scope="col">Memory</th>
          </tr>
        </thead>
        <tbody>
          {containers.map(({ id, name, image, cpuSecondsTotal, memoryBytes }) => (
            <tr key={id}>
              <td>{toShown(name)}</td>
              <td>{toShown(image)}</td>
              <td>{cpuSecondsTotal === null ? '-' : `${formatNumber(cpuSecondsTotal)} s`}</td>
              <td>{formatBytes(memoryBytes)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
