/**
 * The guest of virtual machines for tests: as `npm run guest` builds it, of the sources as they are now.
 */
import { dirname, join } from 'node:path';
import { provideGuest as build } from '../../scripts/guest/build-guest.ts';
import { provideKernelPackage } from '../../scripts/guest/kernel-package.ts';
import { defaultGuestDirectory, type GuestImage } from '../../src/shim/index.ts';

/** Takes half a second when nothing has changed. Rejects with what the build said when it failed. */
export async function provideGuest(): Promise<GuestImage> {
  const directory = defaultGuestDirectory(process.env);
  const packagePath = provideKernelPackage(join(dirname(directory), 'kernel'), { isRefreshed: false });
  return (await build(packagePath, directory)).image;
}
