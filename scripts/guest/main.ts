/**
 * Builds the guest of sandboxes that are virtual machines (npm run guest): a kernel and an initramfs with Node.js and the
 * agent, into a folder of the user's cache. Needs no root. The kernel is fetched once; --refresh fetches it again.
 */
import { statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { defaultGuestDirectory, findQemu } from '../../src/shim/index.ts';
import { provideGuest } from './build-guest.ts';
import { provideKernelPackage } from './kernel-package.ts';
import { measureGuest } from './measure-guest.ts';

const BYTES_PER_MIB = 1024 * 1024;

const { values } = parseArgs({
  options: { output: { type: 'string' }, refresh: { type: 'boolean', default: false } },
});
const cachePath = defaultGuestDirectory(process.env);
const outputPath = resolve(values.output ?? cachePath);

const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

const packagePath = provideKernelPackage(join(dirname(cachePath), 'kernel'), { isRefreshed: values.refresh });
const { image, isNew } = await provideGuest(packagePath, outputPath);
const { kernelRelease, kernelPackage, nodeVersion, agentVersion, initramfsSha256 } = image.manifest;
say(`Guest      ${isNew ? 'built in' : 'up to date in'} ${outputPath}`);
say(`Kernel     ${kernelRelease} (Debian ${kernelPackage}), ${formatMib(statSync(image.kernelPath).size)}`);
say(`Initramfs  Node.js ${nodeVersion}, kata-agent ${agentVersion}, ${formatMib(statSync(image.initrdPath).size)}`);
say(`SHA-256    ${initramfsSha256}`);
if (findQemu(process.env) === undefined) {
  say('Not booted: there is no QEMU here (Debian: qemu-system-x86)');
} else {
  const { accelerator, firstAnswerMs, agent, runtime } = await measureGuest(image);
  say(`Boot       ${(firstAnswerMs / 1000).toFixed(1)} s to the agent's first answer (${accelerator}, 1 CPU, 512 MiB)`);
  say(
    `Agent      ${formatKib(agent.residentKib)} resident, of them ${formatKib(agent.anonymousKib)} its own (anonymous)`,
  );
  say(
    `Runtime    ${formatKib(runtime.residentKib)} resident without the agent: its share is ${formatKib(agent.residentKib - runtime.residentKib)}`,
  );
}

function formatKib(kib: number): string {
  return formatMib(kib * 1024);
}

function formatMib(bytes: number): string {
  return `${(bytes / BYTES_PER_MIB).toFixed(1)} MiB`;
}
