/**
 * `kata-metrics stats`: the containers of this node's Kata sandboxes, as the container manager reports them.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { type ContainerUsage, CriError, type CriPod, type CriUse, readContainers } from '../cri/index.ts';
import type { OptionValues } from '../options/index.ts';
import { toPrintable, toPrintableJson } from '../program/index.ts';
import type { cliCommands } from '../settings/cli.ts';
import { CliError } from './cli-error.ts';
import {
  type ContainerRow,
  csvHeader,
  formatContainerTable,
  formatCsv,
  toContainerRow,
  toJson,
} from './container-table.ts';
import { abortOnEndSignals } from './end-signals.ts';
import { describeCount, isPodPath } from './find-sandbox.ts';
import { LiveText } from './live-text.ts';
import { podPath, withContainerManager } from './node-pods.ts';
import { describeUnreadable, listSandboxes } from './node-sandboxes.ts';
import { withRunningUps } from './running-up.ts';

type StatsValues = OptionValues<typeof cliCommands.stats.options>;

/**
 * `beginning`: prefix of a sandbox id, or of its pod's namespace/name; undefined for all.
 * @throws {CliError} when the container manager does not respond, or no sandbox matches the prefix
 */
export async function stats(beginning: string | undefined, values: StatsValues): Promise<void> {
  try {
    await withContainerManager(values.runtimeEndpoint, (use) => show(use, beginning, values));
  } catch (error) {
    if (error instanceof CriError) {
      throw new CliError(`Cannot read the containers of this node: ${error.message}`);
    }
    throw error;
  }
}

async function show(use: CriUse, beginning: string | undefined, values: StatsValues): Promise<void> {
  const { output, watch, intervalMs } = values;
  const { signal } = watch ? abortOnEndSignals() : new AbortController();
  const print = createPrinter(values);
  let before = new Map<string, ContainerUsage['stats']>();
  for (let round = 0; !signal.aborted; round++) {
    const usages = await read(use, beginning, values);
    const nowMs = Date.now();
    print(
      usages.map((each) => toContainerRow(each, before.get(each.container.id), nowMs)),
      round,
    );
    if (!watch) {
      return;
    }
    before = new Map(usages.map(({ container, stats: ofContainer }) => [container.id, ofContainer]));
    // The first round has no rates, so the second one follows soon.
    await wait(round === 0 && output === 'text' ? Math.min(intervalMs, 1000) : intervalMs, undefined, { signal }).catch(
      () => undefined,
    );
  }
}

async function read(
  use: CriUse,
  beginning: string | undefined,
  { sandboxesRoot }: StatsValues,
): Promise<readonly ContainerUsage[]> {
  const { sandboxes, unreadable } = await listSandboxes(await withRunningUps(sandboxesRoot));
  const ids = new Set(sandboxes.map(({ id }) => id));
  let isKnown = beginning === undefined;
  const isWanted = (pod: CriPod): boolean => {
    const isMeant = ids.has(pod.id) && (beginning === undefined || nameOf(pod, beginning).startsWith(beginning));
    isKnown ||= isMeant;
    return isMeant;
  };
  const usages = await readContainers(use, { isWanted });
  if (!isKnown) {
    throw new CliError(`No pod "${beginning}": ${describeCount(ids.size)}`);
  }
  if (sandboxes.length === 0 && unreadable.length > 0) {
    throw new CliError(describeUnreadable(unreadable));
  }
  return usages;
}

function nameOf(pod: CriPod, beginning: string): string {
  return isPodPath(beginning) ? podPath(pod) : pod.id;
}

/** Unchanged to a file or a pipe; without control sequences to a terminal. */
function writeCsv(csv: string): void {
  process.stdout.write(process.stdout.isTTY ? toPrintable(csv) : csv);
}

function createPrinter({ output, watch }: StatsValues): (rows: readonly ContainerRow[], round: number) => void {
  const screen = new LiveText(process.stdout);
  return (rows, round) => {
    switch (output) {
      case 'text':
        screen.show(rows.length === 0 ? 'No containers of Kata sandboxes\n' : formatContainerTable(rows));
        break;
      case 'csv':
        writeCsv((round === 0 ? csvHeader : '') + formatCsv(rows));
        break;
      case 'json':
        // One line for each round, for programs that read the stream.
        process.stdout.write(`${toPrintableJson(toJson(rows), watch ? undefined : 2)}\n`);
        break;
    }
  };
}
