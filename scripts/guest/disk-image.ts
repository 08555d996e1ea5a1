/**
 * A read-only image of an erofs file system: what guests need of a large program they read from a disk, page by page, and can
 * give back, while what is in the initramfs stays in memory. Called by the guest's build.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const PROGRAM_MODE = 0o755;
/** An image has no identity but its content. */
const IMAGE_UUID = '00000000-0000-0000-0000-000000000000';

/**
 * Files by their names, all executable. Without compression, so that a page of the image is a page of the program. The same
 * files give the same bytes. Rejects with what mkfs.erofs(1) says when it fails.
 */
export function makeDiskImage(files: ReadonlyMap<string, Buffer>, imagePath: string, scratchPath: string): void {
  const folder = join(mkdtempSync(join(scratchPath, 'image-')), 'root');
  mkdirSync(folder);
  for (const [name, content] of files) {
    writeFileSync(join(folder, name), content, { mode: PROGRAM_MODE });
  }
  const options = ['-T0', `-U${IMAGE_UUID}`, '-x-1', '--all-root', '--quiet'];
  execFileSync('mkfs.erofs', [...options, imagePath, folder], { stdio: ['ignore', 'ignore', 'pipe'] });
}
