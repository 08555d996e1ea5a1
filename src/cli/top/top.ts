/**
 * `kata-metrics top`: the sandboxes of this node, or of a monitor, live in a terminal, or once as text, JSON or CSV.
 */
import { setTimeout as wait } from 'node:timers/promises';
import type { SandboxDetail, Snapshot } from '../../api/index.ts';
import { OptionError, type OptionValues } from '../../options/index.ts';
import { toPrintable, toPrintableJson } from '../../program/index.ts';
import type { cliCommands } from '../../settings/cli.ts';
import {
  type DetailField,
  type DetailTotals,
  readDetailTotals,
  type SandboxRow,
  selectRows,
  toDetailRates,
  toRows,
} from '../../view/index.ts';
import { CliError } from '../cli-error.ts';
import { toCsvCell } from '../csv.ts';
import { abortOnEndSignals } from '../end-signals.ts';
import { isScreen, sizeOf } from '../screen.ts';
import type { NodeSource, TopReading } from './node-source.ts';
import { Terminal } from './terminal.ts';
import { FRAME_LINES, renderScreen } from './top-screen.ts';
import { firstOrder, type Key, reactTo, type TopFacts, type TopState } from './top-state.ts';
import { formatRows } from './top-table.ts';

type TopValues = OptionValues<typeof cliCommands.top.options>;

/** For rates: counters of CPU time have steps of 10 ms. */
const RATE_MS = 1000;
/** Two minutes at the default interval. */
const MAX_HISTORY = 60;

/** `version`: of the package. @throws {CliError} when the sandboxes cannot be read */
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

/** Each is loaded when it is used: a remote node needs no part of the monitor. */
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

function toState({ sort, filter, namespace, unhealthy }: TopValues): TopState {
  return {
    screen: 'table',
    order: firstOrder(sort),
    filter: { text: filter ?? '', namespace, isUnhealthyOnly: unhealthy },
    isTyping: false,
    selectedId: undefined,
    scroll: 0,
    isOver: false,
  };
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
    const isTerminal = process.stdout.isTTY;
    const width = isTerminal ? sizeOf(process.stdout).columns : Number.POSITIVE_INFINITY;
    const table = {
      width,
      isWide: output === 'wide',
      sort: order.key,
      isDescending: order.isDescending,
      hasNodes: now.snapshot.node.nodes !== null,
      hasBars: false,
    };
    process.stdout.write(
      formatRows(rows, table)
        .map(({ text }) => `${text}\n`)
        .join(''),
    );
  }
}

const csvColumns: readonly (readonly [string, (row: SandboxRow) => number | string | null | undefined])[] = [
  ['namespace', ({ status }) => status.namespace],
  ['pod', ({ status }) => status.pod],
  ['id', ({ status }) => status.id],
  ['node', ({ status }) => status.node],
  ['where', ({ status }) => status.root],
  ['state', ({ status }) => status.state],
  ['reasons', ({ status }) => status.reasons.join(' ')],
  ['stateSinceSeconds', ({ status }) => status.stateSinceSeconds],
  ['startSeconds', ({ status }) => status.startSeconds],
  ['cpuCoresUsed', ({ rates }) => rates.cpuCores],
  ['cpuCores', ({ status }) => status.cpu.cores],
  ['memoryWorkingSetBytes', ({ status }) => status.memory.workingSetBytes],
  ['memoryTotalBytes', ({ status }) => status.memory.totalBytes],
  ['hostMemoryBytes', ({ status }) => status.host.memoryBytes],
  ['overheadMemoryBytes', ({ status }) => status.host.overheadMemoryBytes],
  ['hostCpuCoresUsed', ({ rates }) => rates.hostCpuCores],
  ['networkReceiveBytesPerSecond', ({ rates }) => rates.receiveBytes],
  ['networkTransmitBytesPerSecond', ({ rates }) => rates.transmitBytes],
  ['diskReadBytesPerSecond', ({ rates }) => rates.readBytes],
  ['diskWrittenBytesPerSecond', ({ rates }) => rates.writtenBytes],
  ['load1', ({ status }) => status.load1],
  ['agentMilliseconds', ({ rates }) => rates.agentMilliseconds],
  ['samples', ({ status }) => status.samples],
];

/** RFC 4180, but with a line feed at the end of each line; unknown values are empty. */
export function formatCsv(rows: readonly SandboxRow[]): string {
  const lines = rows.map((row) => csvColumns.map(([, pick]) => toCsvCell(pick(row))).join(','));
  return [csvColumns.map(([name]) => name).join(','), ...lines].map((line) => `${line}\n`).join('');
}

async function runLive(source: NodeSource, values: TopValues, ending: AbortController): Promise<void> {
  const view = new LiveView(source, values, ending);
  try {
    await view.run();
  } finally {
    view.close();
  }
}

class LiveView {
  readonly #source: NodeSource;
  readonly #values: TopValues;
  readonly #ending: AbortController;
  readonly #terminal: Terminal;
  readonly #history = new Map<string, (number | undefined)[]>();
  #detailTotals: DetailTotals | undefined;
  #detailRates: ReadonlyMap<DetailField, number> = new Map();
  #state: TopState;
  #reading: TopReading | undefined;
  #before: Snapshot | undefined;
  #problem: string | undefined;
  /** Ends the pause before the next read. */
  #hurry = new AbortController();

  constructor(source: NodeSource, values: TopValues, ending: AbortController) {
    this.#source = source;
    this.#values = values;
    this.#ending = ending;
    this.#state = toState(values);
    const { stdin: input, stdout: output } = process;
    this.#terminal = new Terminal({ input, output, onKey: (key) => this.#react(key), onResize: () => this.#show() });
  }

  async run(): Promise<void> {
    const { signal } = this.#ending;
    this.#show();
    for (let round = 0; !signal.aborted; round++) {
      await this.#read(signal);
      this.#show();
      // The first read has no rates, so the second one follows soon.
      const pauseMs = round === 0 ? Math.min(RATE_MS, this.#values.intervalMs) : this.#values.intervalMs;
      await wait(pauseMs, undefined, { signal: AbortSignal.any([signal, this.#hurry.signal]) }).catch(() => undefined);
      this.#hurry = new AbortController();
    }
  }

  close(): void {
    this.#terminal.close();
  }

  async #read(signal: AbortSignal): Promise<void> {
    const { screen, selectedId } = this.#state;
    const startMs = performance.now();
    try {
      const reading = await this.#source.read(signal, screen === 'detail' ? selectedId : undefined);
      const last = this.#reading?.snapshot;
      const elapsedMs = last === undefined ? 0 : 1000 * (reading.snapshot.node.nowSeconds - last.node.nowSeconds);
      // A read that a key has caused may follow too soon for rates: they are then measured from the one before.
      this.#before = elapsedMs >= RATE_MS / 2 || this.#before === undefined ? last : this.#before;
      this.#noteDetail(reading.detail);
      this.#reading = reading;
      this.#problem = undefined;
      this.#remember();
    } catch (error) {
      if (!signal.aborted && !(error instanceof CliError)) {
        throw error;
      }
      // A monitor that restarts responds again; the first read decides whether there is one at all.
      if (error instanceof CliError && this.#reading === undefined) {
        throw error;
      }
      this.#problem = `${(error as Error).message} (${Math.round((performance.now() - startMs) / 1000)} s)`;
    }
  }

  /** Rates of another sandbox, or after a sandbox without details, begin again. */
  #noteDetail(detail: SandboxDetail | undefined): void {
    const isSame = detail !== undefined && detail.sandbox.id === this.#reading?.detail?.sandbox.id;
    const totals = detail && readDetailTotals(detail);
    const rates = totals && toDetailRates(totals, isSame ? this.#detailTotals : undefined);
    this.#detailRates = rates ?? new Map();
    this.#detailTotals = totals;
  }

  #remember(): void {
    const rows = this.#rows();
    const ids = new Set(rows.map(({ status }) => status.id));
    for (const id of this.#history.keys()) {
      if (!ids.has(id)) {
        this.#history.delete(id);
      }
    }
    for (const { status, rates } of rows) {
      const values = this.#history.get(status.id) ?? [];
      values.push(rates.cpuCores);
      this.#history.set(status.id, values.slice(-MAX_HISTORY));
    }
  }

  #rows(): SandboxRow[] {
    return this.#reading === undefined ? [] : toRows(this.#reading.snapshot, this.#before);
  }

  #selected(): SandboxRow[] {
    return selectRows(this.#rows(), this.#state.filter, this.#state.order);
  }

  #react(key: Key): void {
    const rows = this.#selected();
    const namespaces = this.#reading?.snapshot.sandboxes.flatMap(({ namespace }) => namespace ?? []) ?? [];
    const facts: TopFacts = {
      ids: rows.map(({ status }) => status.id),
      namespaces: [...new Set(namespaces)].sort(),
      hasNodes: typeof this.#reading?.snapshot.node.nodes === 'number',
      pageRows: Math.max(1, this.#terminal.height - FRAME_LINES),
    };
    const before = this.#state;
    this.#state = reactTo(before, key, facts);
    if (this.#state.isOver) {
      this.#ending.abort();
      return;
    }
    if (this.#state.screen === 'detail' && before.screen === 'table') {
      this.#hurry.abort();
    }
    this.#show();
  }

  #show(): void {
    const { selectedId } = this.#state;
    const detail = this.#reading?.detail;
    const lines = renderScreen(this.#state, {
      snapshot: this.#reading?.snapshot,
      rows: this.#selected(),
      detail: detail?.sandbox.id === selectedId ? detail : undefined,
      detailRates: this.#detailRates,
      problem: this.#problem,
      history: this.#history.get(selectedId ?? '') ?? [],
      isWide: this.#values.output === 'wide',
      width: this.#terminal.width,
      height: this.#terminal.height,
    });
    this.#terminal.show(lines);
  }
}
