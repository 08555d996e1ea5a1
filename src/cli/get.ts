/**
 * `kata-metrics get`: one sandbox's metrics, straight from its shim.
 */
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
  writeText as writeTextOf,
} from '../exposition/index.ts';
import { OptionError, type OptionValues } from '../options/index.ts';
import { toPrintable, toPrintableJson } from '../program/index.ts';
import { isFamilyPrefix } from '../sandbox-policy/for-options.ts';
import type { cliCommands } from '../settings/cli.ts';
import { getFromShim } from '../shim-client/index.ts';
import { CliError } from './cli-error.ts';
import { findSandbox, isPodPath } from './find-sandbox.ts';
import { noPods, readPods } from './node-pods.ts';
import { listSandboxes } from './node-sandboxes.ts';
import { withRunningUps } from './running-up.ts';

/** Longer than a scrape: a person can wait. */
const TIMEOUT_MS = 10_000;
/** Far above the size of a usual response (60 KB), and small enough for every machine. */
const MAX_BYTES = 64 * 1024 * 1024;

/**
 * `beginning`: an id or a pod's namespace/name, or a prefix of exactly one.
 * @throws {CliError} when there is nothing to print, and, after the valid families are printed, when some were dropped
 */
export async function get(
  beginning: string,
  { family, output, sandboxesRoot, runtimeEndpoint }: OptionValues<typeof cliCommands.get.options>,
): Promise<void> {
  const prefixes = toPrefixes(family);
  const pods = isPodPath(beginning) ? await readPods(runtimeEndpoint) : noPods;
  const sandbox = findSandbox(beginning, await listSandboxes(await withRunningUps(sandboxesRoot)), pods);
  const response = await getFromShim({
    socketPath: sandbox.socketPath,
    path: '/metrics',
    timeoutMs: TIMEOUT_MS,
    maxBytes: MAX_BYTES,
  });
  if (response.kind === 'failed') {
    throw new CliError(`Cannot read metrics of sandbox "${sandbox.id}": ${response.message}`);
  }
  if (output === 'text' && prefixes.length === 0) {
    writeText(response.body);
    return;
  }
  const scanned = scan(response.body);
  const isWanted = (name: string): boolean =>
    prefixes.length === 0 || prefixes.some((prefix) => name.startsWith(prefix));
  const wanted = scanned.form.families.filter(({ name }) => isWanted(name));
  if (wanted.length === 0) {
    throw new CliError(`Sandbox "${sandbox.id}" has no family that begins with ${prefixes.map(quote).join(' or ')}`);
  }
  if (output === 'json') {
    process.stdout.write(
      `${toPrintableJson(
        wanted.map((family) => toJson(family, scanned)),
        2,
      )}\n`,
    );
  } else {
    const source = {
      id: sandbox.id,
      scan: { ...scanned, form: pickFamilies(scanned.form, wanted) },
      labels: noLabels,
      naming: keepNames,
    };
    writeText(Buffer.concat([...writeTextOf(planMerge([source]))]));
  }
  if (scanned.faults.described.length > 0) {
    throw new CliError(
      `Response of sandbox "${sandbox.id}" has faults; the affected metrics were dropped:\n${scanned.faults.described.map(describeFault).join('\n')}`,
    );
  }
}

/** Unchanged to a file or a pipe; without control sequences to a terminal. */
function writeText(body: Buffer): void {
  process.stdout.write(process.stdout.isTTY ? toPrintable(body.toString()) : body);
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

function unescapeHelp(text: string): string {
  return text.replace(/\\([\\n])/g, (_, escaped: string) => (escaped === 'n' ? '\n' : escaped));
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
