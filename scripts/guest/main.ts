/**
 * Builds the guest of sandboxes that are virtual machines (npm run guest): a kernel and an initramfs with Node.js and the
 * agent, into a folder of the user's cache. Needs no root. The kernel is fetched once; --refresh fetches it again.
 */
import { statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { formatHelp, OptionError, type OptionTable, type OptionValues, parseOptions } from '../../src/options/index.ts';
import { defaultGuestDirectory, findQemu, type GuestImage } from '../../src/shim/index.ts';
import { provideGuest } from './build-guest.ts';
import { GuestError } from './guest-error.ts';
import { provideKernelPackage } from './kernel-package.ts';
import { measureGuest } from './measure-guest.ts';
import { checkOutputFolder } from './output-folder.ts';
import { describeMissing } from './requirements.ts';

const BYTES_PER_MIB = 1024 * 1024;
const cachePath = defaultGuestDirectory(process.env);

const options = {
  output: {
    kind: 'text',
    value: 'directory',
    default: cachePath,
    help: 'Where the guest is built; replaced as a whole',
  },
  refresh: { kind: 'flag', help: 'Fetch the kernel again, the newest of Debian' },
  measure: { kind: 'flag', help: 'Boot and measure a guest that is up to date too' },
} as const satisfies OptionTable;

try {
  const parsed = parseOptions(options, process.argv.slice(2));
  if (parsed.kind === 'values') {
    await build(parsed.values);
  } else {
    say(
      formatHelp(
        'npm run guest -- [options]',
        'Builds the guest of sandboxes that are virtual machines.',
        options,
      ).trimEnd(),
    );
  }
} catch (error) {
  if (error instanceof OptionError || error instanceof GuestError || isSystemError(error)) {
    const hint = error instanceof OptionError ? '\nTry "npm run guest -- --help"' : '';
    process.stderr.write(`guest: ${error.message}${hint}\n`);
    process.exitCode = error instanceof OptionError ? 2 : 1;
  } else {
    throw error;
  }
}

/** Of a file or a process: no space, no permission. The message names both. */
function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error;
}

async function build({ output, refresh, measure }: OptionValues<typeof options>): Promise<void> {
  const outputPath = resolve(output);
  const missing = describeMissing(process.env['PATH'] ?? '', process.arch);
  if (missing !== undefined) {
    throw new GuestError(missing);
  }
  checkOutputFolder(outputPath);
  say('Kernel: looking for the package of Debian ...');
  const packagePath = provideKernelPackage(join(dirname(cachePath), 'kernel'), { isRefreshed: refresh });
  say('Guest: comparing with what it would be made of, and packing where that differs ...');
  const { image, isNew } = await provideGuest(packagePath, outputPath);
  const { kernelRelease, kernelPackage, nodeVersion, agentVersion, initramfsSha256 } = image.manifest;
  say(`Guest      ${isNew ? 'built in' : 'up to date in'} ${outputPath}`);
  say(`Kernel     ${kernelRelease} (Debian ${kernelPackage}), ${formatMib(statSync(image.kernelPath).size)}`);
  say(`Initramfs  Node.js ${nodeVersion}, kata-agent ${agentVersion}, ${formatMib(statSync(image.initrdPath).size)}`);
  say(`SHA-256    ${initramfsSha256}`);
  if (!isNew && !measure) {
    return;
  }
  if (findQemu(process.env) === undefined) {
    say('Not booted: there is no QEMU here (Debian: apt-get install -y qemu-system-x86)');
    return;
  }
  say('Booting it to measure what it takes: some seconds with KVM, up to a minute without ...');
  await sayMeasures(image);
}

async function sayMeasures(image: GuestImage): Promise<void> {
  const { accelerator, firstAnswerMs, agent, runtime } = await measureGuest(image);
  say(
    `Boot       ${(firstAnswerMs / 1000).toFixed(1)} s to the agent's first response (${accelerator}, 1 CPU, 512 MiB)`,
  );
  say(
    `Agent      ${formatKib(agent.residentKib)} resident, of them ${formatKib(agent.anonymousKib)} its own (anonymous)`,
  );
  say(
    `Runtime    ${formatKib(runtime.residentKib)} resident without the agent: its share is ${formatKib(agent.residentKib - runtime.residentKib)}`,
  );
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function formatKib(kib: number): string {
  return formatMib(kib * 1024);
}

function formatMib(bytes: number): string {
  return `${(bytes / BYTES_PER_MIB).toFixed(1)} MiB`;
}
