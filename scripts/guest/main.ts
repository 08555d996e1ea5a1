/**
 * Builds the guest of sandboxes that are virtual machines (npm run guest): a kernel and an initramfs with Node.js and the
 * agent, into a folder of the user's cache. Needs no root. The kernel is fetched once; --refresh fetches it again.
 */
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { defaultGuestDirectory } from '../../src/shim/index.ts';
import { buildGuest } from './build-guest.ts';
import { provideKernelPackage } from './kernel-package.ts';

const BYTES_PER_MIB = 1024 * 1024;

const { values } = parseArgs({
  options: { output: { type: 'string' }, refresh: { type: 'boolean', default: false } },
});
const cachePath = defaultGuestDirectory(process.env);
const outputPath = resolve(values.output ?? cachePath);

const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

say(`Building the guest in "${outputPath}"`);
const packagePath = provideKernelPackage(join(dirname(cachePath), 'kernel'), { isRefreshed: values.refresh });
const { manifest, kernelBytes, initramfsBytes } = await buildGuest(packagePath, outputPath);
say(`Kernel     ${manifest.kernelRelease} (Debian ${manifest.kernelPackage}), ${formatMib(kernelBytes)}`);
say(`Initramfs  Node.js ${manifest.nodeVersion}, kata-agent ${manifest.agentVersion}, ${formatMib(initramfsBytes)}`);
say(`SHA-256    ${manifest.initramfsSha256}`);

function formatMib(bytes: number): string {
  return `${(bytes / BYTES_PER_MIB).toFixed(1)} MiB`;
}
