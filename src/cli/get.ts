/**
 * `kata-metrics get`: one sandbox's metrics, straight from its shim.
 */
import {
  keepNames,
  type Naming,
  noLabels,
  planMerge,
  readSampleLine,
  type Scan,
  scan,
  writeText,
} from '../exposition/index.ts';
import type { OptionValues } from '../options/index.ts';
import { getFromShim } from '../shim-client/index.ts';
import { CliError } from './cli-error.ts';
import type { cliCommands } from './commands.ts';
import { findSandbox } from './find-sandbox.ts';
import { listSandboxes } from './node-sandboxes.ts';

const TIMEOUT_MS = 10_000;
const MAX_BYTES = 64 * 1024 * 1024;

/** `beginning`: an id, or the beginning of exactly one. */
export async function get(
  beginning: string,
  { family, output, sandboxesRoot }: OptionValues<typeof cliCommands.get.options>,
): Promise<void> {
  const sandbox = findSandbox(beginning, await listSandboxes(sandboxesRoot));
  const answer = await getFromShim({
    socketPath: sandbox.socketPath,
    path: '/metrics',
    timeoutMs: TIMEOUT_MS,
    maxBytes: MAX_BYTES,
  });
  if (answer.kind === 'failed') {
    throw new CliError(`Cannot read metrics of sandbox "${sandbox.id}": ${answer.message}`);
  }
  if (output === 'text' && family.length === 0) {
    process.stdout.write(answer.body);
    return;
  }
  const scanned = scan(answer.body);
  if (output === 'json') {
    process.stdout.write(`${JSON.stringify(toFamilies(scanned, isWanted(family)), undefined, 2)}\n`);
    return;
  }
  const wanted = isWanted(family);
  const naming: Naming = (name) => (wanted(name) ? keepNames(name) : { kind: 'unwanted' });
  for (const chunk of writeText(planMerge([{ id: sandbox.id, scan: scanned, labels: noLabels, naming }]))) {
    process.stdout.write(chunk);
  }
}

function isWanted(prefixes: readonly string[]): (name: string) => boolean {
  return (name) => prefixes.length === 0 || prefixes.some((prefix) => name.startsWith(prefix));
}

/** Values stay text: 64-bit counters, NaN and infinities are no JSON numbers. */
function toFamilies({ families, lines }: Scan, wanted: (name: string) => boolean) {
  return families
    .filter(({ name }) => wanted(name))
    .map(({ name, type, help, segments }) => ({
      name,
      type: type ?? 'unknown',
      help: help?.toString() ?? null,
      samples: segments.flatMap(({ from, to }) =>
        Array.from({ length: to - from }, (_, i) => {
          const sample = readSampleLine(lines, from + i);
          return { name: sample.name, labels: Object.fromEntries(sample.labels), value: sample.value };
        }),
      ),
    }));
}
