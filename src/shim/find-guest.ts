/**
 * The guest of a virtual machine, from the options of `kata-shim run`.
 */
import { defaultGuestDirectory, findGuestImage } from './guest-image.ts';
import type { RunValues } from './hypervisors/hypervisor.ts';

/**
 * Each file that is not given comes from the guest that was built.
 * @throws {Error} that says how to get one.
 */
export async function findGuest({
  kernel,
  initrd,
}: Pick<RunValues, 'kernel' | 'initrd'>): Promise<{ kernelPath: string; initrdPath: string }> {
  if (kernel !== undefined && initrd !== undefined) {
    return { kernelPath: kernel, initrdPath: initrd };
  }
  const directory = defaultGuestDirectory(process.env);
  const image = await findGuestImage(directory);
  if (image === undefined) {
    throw new Error(
      `Cannot start a guest: there is none in "${directory}" (npm run guest builds one); or give --kernel and --initrd`,
    );
  }
  return { kernelPath: kernel ?? image.kernelPath, initrdPath: initrd ?? image.initrdPath };
}
