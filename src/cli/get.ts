/**
 * `kata-metrics get`: one sandbox's metrics, straight from its shim.
 */
import { setTimeout as wait } from 'node:timers/promises';
import {
  describeFault,
  keepNames,
  noLabels,
  pickFamilies,
  planMerge,
  readSampleLine,
  type Scan,
  type ScannedFamily,
  scan,
  unescapeHelp,
  writeText as writeTextOf,
} from '../exposition/index.ts';
import { OptionError, type OptionValues } from '../options/index.ts';
import { toPrintable, toPrintableJson } from '../program/index.ts';
import { isFamilyPrefix } from '../sandbox-policy/for-options.ts';
import { findSocketFault, type Sandbox } from '../sandboxes/index.ts';
import type { cliCommands } from '../settings/cli.ts';
import { getFromShim } from '../shim-client/index.ts';
import { CliError } from './cli-error.ts';
import { abortOnEndSignals } from './end-signals.ts';
import { findSandbox, isPodPath } from './find-sandbox.ts';
import { LiveText } from './live-text.ts';
import { noPods, readPods } from './node-pods.ts';
import { listSandboxes } from './node-sandboxes.ts';
import { withRunningUps } from './running-up.ts';
import { isScreen } from './screen.ts';

/** Longer than a scrape: a person can wait. */
const TIMEOUT_MS = 10_000;
/** Far above the size of a usual response (60 KB), and small enough for every machine. */
const MAX_BYTES = 64 * 1024 * 1024;

type GetValues = OptionValues<typeof cliCommands.get.options>;

/**
 * `beginning`: an id or a pod's namespace/name, or a prefix of exactly one. With `--watch`, a failure ends it too.
 * @throws {CliError} when there is nothing to print, and, after the valid families are printed, when some were dropped
 */
export async function get(beginning: string, values: GetValues): Promise<void> {
  const { family, sandboxesRoot, runtimeEndpoint, watch, intervalMs } = values;
  const prefixes = toPrefixes(family);
  const pods = isPodPath(beginning) ? await readPods(runtimeEndpoint) : noPods;
  const sandbox = findSandbox(beginning, await listSandboxes(await withRunningUps(sandboxesRoot)), pods);
  const { signal } = watch ? abortOnEndSignals() : new AbortController();
  const screen = watch && isScreen(process.stdout) ? new LiveText(process.stdout) : undefined;
  while (!signal.aborted) {
    const read = await readMetrics(sandbox, prefixes, values);
    if (screen === undefined) {
      process.stdout.write(read.output);
    } else {
      screen.show(read.output.toString());
    }
    if (read.problem !== undefined) {
      throw new CliError(read.problem);
    }
    if (!watch) {
      return;
    }
    await wait(intervalMs, undefined, { signal }).catch(() => undefined);
  }
}

interface ReadMetrics {
  /** Content for standard output. */
  readonly output: Buffer | string;
  /** Why not everything of the response is in it. */
  readonly problem: string | undefined;
}

async function readMetrics(
  sandbox: Sandbox,
  prefixes: readonly string[],
  { output, watch }: GetValues,
): Promise<ReadMetrics> {
  const { id, socketPath } = sandbox;
  const fault = findSocketFault(sandbox);
  if (fault !== undefined) {
    throw new CliError(`Cannot read metrics of sandbox "${id}": ${fault}`);
  }
  const response = await getFromShim({ socketPath, path: '/metrics', timeoutMs: TIMEOUT_MS, maxBytes: MAX_BYTES });
  if (response.kind === 'failed') {
    throw new CliError(`Cannot read metrics of sandbox "${id}": ${response.message}`);
  }
  if (output === 'text' && prefixes.length === 0) {
    return { output: toOutput(response.body), problem: undefined };
  }
  const scanned = scan(response.body);
  const isWanted = (name: string): boolean =>
    prefixes.length === 0 || prefixes.some((prefix) => name.startsWith(prefix));
  const wanted = scanned.form.families.filter(({ name }) => isWanted(name));
  if (wanted.length === 0) {
    throw new CliError(`Sandbox "${id}" has no family that begins with ${prefixes.map(quote).join(' or ')}`);
  }
  const faults = scanned.faults.described.map(describeFault);
  const problem =
    faults.length === 0
      ? undefined
      : `Response of sandbox "${id}" has faults; the affected metrics were dropped:\n${faults.join('\n')}`;
  if (output === 'json') {
    const families = wanted.map((family) => toJson(family, scanned));
    // One line for each round, for programs that read the stream.
    return { output: `${toPrintableJson(families, watch ? undefined : 2)}\n`, problem };
  }
  const form = pickFamilies(scanned.form, wanted);
  const source = { id, scan: { ...scanned, form }, labels: noLabels, naming: keepNames };
  return { output: toOutput(Buffer.concat([...writeTextOf(planMerge([source]))])), problem };
}

/** Unchanged to a file or a pipe; without control sequences to a terminal. */
function toOutput(body: Buffer): Buffer | string {
  return process.stdout.isTTY ? toPrintable(body.toString()) : body;
}

/** Values stay text: JSON numbers cannot represent 64-bit counters, NaN and infinities. */
function toJson({ name, type, help, segments }: ScannedFamily, scanned: Scan): unknown {
  return {
    name,
    type: type ?? 'unknown',
    help: help === undefined ? null : unescapeHelp(help.toString()),
    samples: segments.flatMap(({ from, to }) =>
      Array.from({ length: to - from }, (_, i) => {
        const sample = readSampleLine(scanned, from + i);
        return {
          name: sample.name,
          labels: Object.fromEntries(sample.labels),
          value: sample.value,
          ...(sample.timestampMs === undefined ? {} : { timestampMs: sample.timestampMs }),
        };
      }),
    ),
  };
}

function quote(text: string): string {
  return `"${text}"`;
}

/**
 * `--family a,b` and `--family a --family b` mean the same.
 * @throws {OptionError} for a text that cannot be a prefix of a family name
 */
function toPrefixes(values: readonly string[]): readonly string[] {
  const prefixes = values.flatMap((value) => value.split(',')).map((prefix) => prefix.trim());
  const wrong = prefixes.find((prefix) => !isFamilyPrefix(prefix));
  if (wrong !== undefined) {
    throw new OptionError(`Option "--family" must be prefixes of family names, got "${wrong}"`);
  }
  return prefixes;
}
