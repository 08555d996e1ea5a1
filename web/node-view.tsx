/**
 * The node: its sandboxes by state, the monitor, the container manager and the cost of the collection.
 */
import type { NodeStatus } from '../src/api/index.ts';
import { formatAge, formatBytes, formatCores, formatMilliseconds, formatNumber } from '../src/view/index.ts';
import type { ChangeView } from './app.tsx';
import { EventList } from './event-list.tsx';
import type { View } from './link.ts';
import type { Live } from './live.ts';
import { toShown } from './text.ts';

interface NodeViewProps {
  readonly live: Live;
  readonly view: View;
  readonly changeView: ChangeView;
}

export function NodeView({ live, view, changeView }: NodeViewProps) {
  const node = live.history.latest?.node;
  if (node === undefined) {
    return <p class="note">Connecting to the monitor ...</p>;
  }
  const goneCount = live.history.rows().filter(({ goneSeconds }) => goneSeconds !== undefined).length;
  const unhealthyCount = live.history.latest?.sandboxes.filter(({ isHealthy }) => !isHealthy).length ?? 0;
  const cores = live.monitorCores();
  const own = node.nodes === null ? 'Monitor' : 'Page server';
  return (
    <section aria-label="Node" class="node">
      <ul class="states">
        <li>
          <strong>{node.sandboxes}</strong> {node.sandboxes === 1 ? 'sandbox' : 'sandboxes'}
        </li>
        {Object.entries(node.sandboxesByState)
          .filter(([, count]) => count > 0)
          .map(([state, count]) => (
            <li key={state} data-state={state}>
              <button
                type="button"
                aria-pressed={view.text === state}
                onClick={() => changeView({ text: view.text === state ? '' : state, sandbox: undefined })}
              >
                <span class="dot" aria-hidden="true" />
                {count} {state}
                {describeReasons(live, state)}
              </button>
            </li>
          ))}
        {goneCount > 0 && <li data-state="gone">{goneCount} gone</li>}
      </ul>
      <p class="visually-hidden" role="status">
        {unhealthyCount === 0 ? 'All sandboxes are healthy' : `Unhealthy sandboxes: ${unhealthyCount}`}
      </p>
      <dl class="facts">
        <Fact name="Collection" value={formatMilliseconds(node.collection.seconds * 1000)} />
        <Fact name="Samples" value={formatNumber(node.collection.samples)} />
        <Fact name={`${own} CPU`} value={cores === undefined ? '-' : `${formatCores(cores)} cores`} />
        <Fact name={`${own} memory`} value={formatBytes(node.process.memoryBytes)} />
        <Fact name="Up for" value={formatAge(node.nowSeconds - node.startSeconds)} />
        {node.nodes === null ? (
          <div>
            <dt>Container manager</dt>
            <dd>
              <ContainerManager node={node} />
            </dd>
          </div>
        ) : (
          <Fact name="Nodes" value={formatNumber(node.nodes)} />
        )}
        <Fact name="Version" value={`${node.version}, Node.js ${node.nodejs}`} />
      </dl>
      <Warnings node={node} />
      {node.nodes === null && view.sandbox === undefined && (
        <>
          <EventList occasion={node.lastEventId ?? ''} view={view} />
          <EventList title="Ended recently" kinds="ended" occasion={node.lastEventId ?? ''} view={view} />
        </>
      )}
    </section>
  );
}

/** ` (3 timeout, 1 slow)`: the first reason of each sandbox in this state. */
function describeReasons(live: Live, state: string): string {
  const counts = new Map<string, number>();
  for (const sandbox of live.history.latest?.sandboxes ?? []) {
    const reason = sandbox.reasons.find((each) => each !== state);
    if (sandbox.state === state && reason !== undefined) {
      counts.set(reason, (counts.get(reason) ?? 0) + 1);
    }
  }
  const texts = [...counts].sort(([, a], [, b]) => b - a).map(([reason, count]) => `${count} ${reason}`);
  return texts.length === 0 ? '' : ` (${texts.join(', ')})`;
}

function Fact({ name, value }: { readonly name: string; readonly value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}

function ContainerManager({ node: { containerManager } }: { readonly node: NodeStatus }) {
  const { isUp, name, version, problem } = containerManager;
  if (isUp) {
    return (
      <>
        {toShown(name ?? '')} {toShown(version ?? '')}
      </>
    );
  }
  return (
    <details>
      <summary>none: no pod names</summary>
      {toShown(problem ?? '')}
    </details>
  );
}

function Warnings({ node }: { readonly node: NodeStatus }) {
  const warnings = [
    ...node.unreachableNodes.map((name) => `Prometheus cannot scrape the monitor of node ${toShown(name)}.`),
    ...node.unreadableRoots.map((root) => `The monitor cannot read the directory of sandboxes ${toShown(root)}.`),
    ...(node.sandboxesOverLimit > 0
      ? [`${node.sandboxesOverLimit} sandboxes are over --max-sandboxes and are not scraped.`]
      : []),
  ];
  return warnings.length === 0 ? null : (
    <ul class="alert">
      {warnings.map((warning) => (
        <li key={warning}>{warning}</li>
      ))}
    </ul>
  );
}
