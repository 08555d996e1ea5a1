/**
 * `kata-metrics top`: the sandboxes of this node, or of a monitor, live in a terminal, or once as text, JSON or CSV.
 */
import { setTimeout as wait } from 'node:timers/promises';
import type { Snapshot } from '../../api/index.ts';
import { OptionError } from '../../options/index.ts';
import { toPrintable, toPrintableJson } from '../../program/index.ts';
import { type RowOrder, type SandboxRow, selectRows, toRows } from '../../view/index.ts';
import { abortOnEndSignals } from '../end-signals.ts';
import { isScreen, sizeOf } from '../screen.ts';
import { runLive } from './live-view.ts';
import type { NodeSource } from './node-source.ts';
import { formatCsv } from './top-csv.ts';
import { formatRows } from './top-table.ts';
import { RATE_MS, type TopValues, toState } from './top-values.ts';

/**
 * Runs the command until it is done or interrupted. `version`: that of the package.
 * @throws {CliError} when the sandboxes cannot be read.
 * @throws {OptionError} for options that cannot be combined.
 */
export async function top(values: TopValues, version: string): Promise<void> {
  const source = await openSource(values, version);
  const ending = abortOnEndSignals();
  try {
    const isLive = isScreen(process.stdout) && !values.once && (values.output === 'text' || values.output === 'wide');
    await (isLive ? runLive(source, values, ending) : printOnce(source, values, ending.signal));
  } catch (error) {
    if (!ending.signal.aborted) {
      throw error;
    }
  } finally {
    source.close();
  }
}

/** Loads only the source that is used: a remote node needs no part of the monitor. */
async function openSource(values: TopValues, version: string): Promise<NodeSource> {
  const { url, prometheus, sandboxesRoot, runtimeEndpoint } = values;
  const { caFile, certFile, keyFile, username, passwordFile } = values;
  if (url !== undefined && prometheus !== undefined) {
    throw new OptionError('Options "--url" and "--prometheus" are mutually exclusive');
  }
  if (url !== undefined) {
    const { openRemoteNode } = await import('./remote-node.ts');
    return openRemoteNode({ url, caFile, certFile, keyFile, username, passwordFile });
  }
  if (prometheus !== undefined) {
    const { openFleet } = await import('./fleet.ts');
    const fleet = openFleet({ url: prometheus, caFile, certFile, keyFile, username, passwordFile, version });
    return {
      read: async (signal, detailId) => {
        const detailIds = new Set(detailId === undefined ? [] : [detailId]);
        const { snapshot, details } = await fleet.read({ signal, detailIds });
        return { snapshot, detail: detailId === undefined ? undefined : details.get(detailId) };
      },
      close: () => fleet.close(),
    };
  }
  const ofRemote = { caFile, certFile, keyFile, username, passwordFile };
  const used = Object.entries(ofRemote).find(([, value]) => value !== undefined)?.[0];
  if (used !== undefined) {
    const option = used.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    throw new OptionError(`Option "--${option}" requires "--url" or "--prometheus"`);
  }
  const { openThisNode } = await import('./this-node.ts');
  return openThisNode({ sandboxesRoot, runtimeEndpoint, version });
}

async function printOnce(source: NodeSource, values: TopValues, signal: AbortSignal): Promise<void> {
  const first = await source.read(signal);
  const { output } = values;
  let before: Snapshot | undefined;
  let now = first;
  if (output !== 'json' && first.snapshot.node.nodes === null) {
    await wait(RATE_MS, undefined, { signal });
    before = first.snapshot;
    now = await source.read(signal);
  }
  const { order, filter } = toState(values);
  const rows = selectRows(toRows(now.snapshot, before), filter, order);
  if (output === 'json') {
    const sandboxes = rows.map(({ status }) => status);
    process.stdout.write(`${toPrintableJson({ ...now.snapshot, sandboxes }, 2)}\n`);
  } else if (output === 'csv') {
    const csv = formatCsv(rows);
    process.stdout.write(process.stdout.isTTY ? toPrintable(csv) : csv);
  } else if (rows.length === 0) {
    process.stderr.write(now.snapshot.sandboxes.length === 0 ? 'No sandboxes\n' : 'No sandbox matches\n');
  } else {
    process.stdout.write(
      formatTable(rows, { isWide: output === 'wide', order, hasNodes: now.snapshot.node.nodes !== null }),
    );
  }
}

interface TableLook {
  readonly isWide: boolean;
  readonly order: RowOrder;
  readonly hasNodes: boolean;
}

/** On a terminal, columns that do not fit are left out. */
function formatTable(rows: readonly SandboxRow[], { isWide, order, hasNodes }: TableLook): string {
  const width = process.stdout.isTTY ? sizeOf(process.stdout).columns : Number.POSITIVE_INFINITY;
  const { key: sort, isDescending } = order;
  const lines = formatRows(rows, { width, isWide, sort, isDescending, hasNodes, hasBars: false });
  return lines.map(({ text }) => `${text}\n`).join('');
}
