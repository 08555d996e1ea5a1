/**
 * Builds the guest of sandboxes that are virtual machines (npm run guest): a kernel and an initramfs with Node.js and the
 * agent, into a folder of the user's cache. Needs no root. The kernel is fetched once; --refresh fetches it again.
 */
import { statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { formatHelp, OptionError, type OptionTable, type OptionValues, parseOptions } from '../../src/options/index.ts';
import { readPackageVersion } from '../../src/program/index.ts';
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
    help: 'Directory of the guest. An earlier guest in it is replaced',
  },
  refresh: { kind: 'flag', help: 'Download the newest kernel of Debian' },
  measure: { kind: 'flag', help: 'Boot and measure the guest even if it is up to date' },
} as const satisfies OptionTable;

try {
  const parsed = parseOptions(options, process.argv.slice(2));
  if (parsed.kind === 'values') {
    await build(parsed.values);
  } else if (parsed.kind === 'version') {
    say(`guest ${readPackageVersion()}`);
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
  if (output === '') {
    throw new OptionError('Option "--output" must be a directory, got ""');
  }
  const outputPath = resolve(output);
  checkOutputFolder(outputPath);
  const missing = describeMissing(process.env['PATH'] ?? '', process.arch);
  if (missing !== undefined) {
    throw new GuestError(missing);
  }
  say("Kernel: looking for Debian's package ...");
  const packagePath = provideKernelPackage(join(dirname(cachePath), 'kernel'), { isRefreshed: refresh });
  say('Guest: comparing its inputs with those of the last build ...');
  const { image, isNew } = await provideGuest(packagePath, outputPath);
  const { kernelRelease, kernelPackage, nodeVersion, agentVersion, initramfsSha256, imageSha256 } = image.manifest;
  say(`Guest      ${isNew ? 'built in' : 'up to date in'} ${outputPath}`);
  say(`Kernel     ${kernelRelease} (Debian ${kernelPackage}), ${formatMib(statSync(image.kernelPath).size)}`);
  say(
    `Initramfs  kata-agent ${agentVersion}, ${formatMib(statSync(image.initrdPath).size)}, SHA-256 ${initramfsSha256}`,
  );
  say(`Image      Node.js ${nodeVersion}, ${formatMib(statSync(image.imagePath).size)}, SHA-256 ${imageSha256}`);
  if (!isNew && !measure) {
    return;
  }
  if (findQemu(process.env) === undefined) {
    say('Not booted: QEMU is not installed (Debian: apt-get install -y qemu-system-x86)');
    return;
  }
  say('Booting the guest to measure it: some seconds with KVM, up to a minute without ...');
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
