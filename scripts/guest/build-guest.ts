/**
 * Makes the guest of virtual machines in a folder: kernel, initramfs, the image that guests share, and a manifest that says what
 * they are made of.
 * Called by `npm run guest` and by tests.
 */
import { createHash } from 'node:crypto';
import {
  closeSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { findGuestImage, type GuestImage, type GuestManifest, guestFileNames } from '../../src/shim/index.ts';
import { encodeArchive } from './cpio.ts';
import { provideCrunPackages } from './crun-packages.ts';
import { makeDiskImage } from './disk-image.ts';
import { hashInputs } from './guest-inputs.ts';
import { gatherParts } from './guest-parts.ts';
import { listGuestFiles } from './initramfs.ts';
import { unpackKernel } from './kernel-package.ts';
import { replaceFolder } from './replace-folder.ts';

export interface BuiltGuest {
  readonly image: GuestImage;
  /** False when the guest that was there is the same as a new one would be. */
  readonly isNew: boolean;
}

/** Builds where there is none yet in `outputPath`, or one of other inputs. */
export async function provideGuest(kernelPackagePath: string, outputPath: string): Promise<BuiltGuest> {
  const found = await findGuestImage(outputPath);
  const crunPackages = provideCrunPackages(dirname(kernelPackagePath));
  if (found?.manifest.inputsSha256 === (await hashInputs([kernelPackagePath, ...crunPackages]))) {
    return { image: found, isNew: false };
  }
  return { image: await buildGuest(kernelPackagePath, outputPath), isNew: true };
}

/**
 * Replaces what is in `outputPath`, all of it or nothing. The kernel comes from `kernelPackagePath`, crun from packages
 * beside it, everything else from this machine and from node_modules.
 */
export async function buildGuest(kernelPackagePath: string, outputPath: string): Promise<GuestImage> {
  mkdirSync(dirname(outputPath), { recursive: true });
  const scratchPath = mkdtempSync(`${outputPath}.build-`);
  try {
    const kernel = unpackKernel(kernelPackagePath, mkdtempSync(join(scratchPath, 'kernel-')));
    const crunPackages = provideCrunPackages(dirname(kernelPackagePath));
    const { parts, node } = await gatherParts(kernel, crunPackages, scratchPath);
    const newPath = join(scratchPath, 'new');
    mkdirSync(newPath);
    copyFileSync(kernel.imagePath, join(newPath, guestFileNames.kernel));
    const initramfsSha256 = writePieces(join(newPath, guestFileNames.initrd), encodeArchive(listGuestFiles(parts)));
    makeDiskImage(new Map([['node', node.program]]), join(newPath, guestFileNames.image), scratchPath);
    const manifest: GuestManifest = {
      kernelRelease: kernel.release,
      kernelPackage: kernel.packageVersion,
      nodeVersion: node.version,
      agentVersion: parts.agentVersion,
      inputsSha256: await hashInputs([kernelPackagePath, ...crunPackages]),
      initramfsSha256,
      imageSha256: createHash('sha256')
        .update(readFileSync(join(newPath, guestFileNames.image)))
        .digest('hex'),
    };
    writeFileSync(join(newPath, guestFileNames.manifest), `${JSON.stringify(manifest, undefined, 2)}\n`);
    const isEqual = async (): Promise<boolean> => {
      const found = await findGuestImage(outputPath);
      return found !== undefined && isDeepStrictEqual(found.manifest, manifest);
    };
    await replaceFolder(newPath, outputPath, { scratchPath, isEqual });
    return {
      kernelPath: join(outputPath, guestFileNames.kernel),
      initrdPath: join(outputPath, guestFileNames.initrd),
      imagePath: join(outputPath, guestFileNames.image),
      manifest,
    };
  } finally {
    rmSync(scratchPath, { recursive: true });
  }
}

/** Returns the file's SHA-256. */
function writePieces(path: string, pieces: readonly Buffer[]): string {
  const hash = createHash('sha256');
  const file = openSync(path, 'wx');
  try {
    for (const piece of pieces) {
      hash.update(piece);
      writeFileSync(file, piece);
    }
  } finally {
    closeSync(file);
  }
  return hash.digest('hex');
}
