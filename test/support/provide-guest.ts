/**
 * The guest of virtual machines for tests: the one that `npm run guest` has built, or built now.
 */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { defaultGuestDirectory, findGuestImage, type GuestImage } from '../../src/shim/index.ts';

const buildScript = join(import.meta.dirname, '../../scripts/guest/main.ts');

/** Rejects with what the build said when it failed. */
export async function provideGuest(): Promise<GuestImage> {
  const directory = defaultGuestDirectory(process.env);
  const found = await findGuestImage(directory);
  if (found !== undefined) {
    return found;
  }
  await promisify(execFile)(process.execPath, [buildScript]);
  const built = await findGuestImage(directory);
  if (built === undefined) {
    throw new Error(`Cannot find the guest in "${directory}" after it was built`);
  }
  return built;
}
