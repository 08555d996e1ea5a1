/**
 * `kata-metrics top` in a terminal: reads again and again, and redraws after each read, each key and each change of the size.
 */
import { setTimeout as wait } from 'node:timers/promises';
import type { SandboxDetail, Snapshot } from '../../api/index.ts';
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
import type { NodeSource, TopReading } from './node-source.ts';
import { Terminal } from './terminal.ts';
import { FRAME_LINES, renderScreen } from './top-screen.ts';
import { type Key, reactTo, type TopFacts, type TopState } from './top-state.ts';
import { RATE_MS, type TopValues, toState } from './top-values.ts';

/** Two minutes at the default interval. */
const MAX_HISTORY = 60;

/** Runs until `ending` is aborted, by a signal or by the key `q`. @throws {CliError} when the first read fails. */
export async function runLive(source: NodeSource, values: TopValues, ending: AbortController): Promise<void> {
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
