/**
 * CopyFile: a file, a link or a directory that the host sends in pieces, for hosts that share no file system. A file
 * appears under its name when it is complete. Called by the container service.
 */
import { chmodSync, chownSync, lchownSync, mkdirSync, renameSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname, normalize } from 'node:path';
import type { CopyFileRequest } from '../../runtime-proto/index.ts';
import { Code, TtrpcError } from '../../ttrpc/core.ts';

/** Upstream's agents write nowhere else. */
export const COPY_ROOT = '/run/kata-containers';
/** See inode(7). */
const TYPE_MASK = 0o170000;
const DIRECTORY = 0o040000;
const LINK = 0o120000;
const REGULAR = 0o100000;
const PERMISSIONS = 0o7777;
const DEFAULT_DIRECTORY_MODE = 0o755;

type File = Omit<CopyFileRequest, '$typeName' | '$unknown'>;

/** @throws {TtrpcError} that names the path. */
export async function copyFile(request: File, root: string = COPY_ROOT): Promise<void> {
  const { path, fileSize, offset, data } = request;
  if (normalize(path) !== path || !path.startsWith(`${root}/`)) {
    throw new TtrpcError(Code.invalidArgument, `Cannot copy to ${JSON.stringify(path)}: it must be below "${root}"`);
  }
  if (offset < 0n || offset + BigInt(data.length) > fileSize) {
    throw new TtrpcError(
      Code.invalidArgument,
      `Cannot copy to "${path}": ${data.length} bytes at offset ${offset} are outside of its size of ${fileSize}`,
    );
  }
  try {
    await write(request);
  } catch (error) {
    throw new TtrpcError(Code.internal, `Cannot copy to "${path}": ${(error as Error).message}`, { cause: error });
  }
}

async function write({ path, fileSize, fileMode, dirMode, uid, gid, offset, data }: File): Promise<void> {
  mkdirSync(dirname(path), { recursive: true, mode: dirMode & PERMISSIONS || DEFAULT_DIRECTORY_MODE });
  switch (fileMode & TYPE_MASK) {
    case DIRECTORY:
      mkdirSync(path, { recursive: true });
      chmodSync(path, fileMode & PERMISSIONS);
      chownSync(path, uid, gid);
      return;
    case LINK:
      rmSync(path, { force: true });
      symlinkSync(Buffer.from(data), path);
      lchownSync(path, uid, gid);
      return;
    case REGULAR:
    case 0: {
      const part = `${path}.part`;
      await writeAt(part, data, offset);
      if (BigInt(statSync(part).size) === fileSize) {
        chmodSync(part, fileMode & PERMISSIONS);
        chownSync(part, uid, gid);
        renameSync(part, path);
      }
      return;
    }
    default:
      throw new RangeError(`mode 0${fileMode.toString(8)} is not that of a file, link or directory`);
  }
}

async function writeAt(path: string, data: Uint8Array, offset: bigint): Promise<void> {
  const file = await open(path, offset === 0n ? 'w' : 'r+', 0o600);
  try {
    for (let written = 0; written < data.length; ) {
      const at = Number(offset) + written;
      written += (await file.write(data, written, data.length - written, at)).bytesWritten;
    }
  } finally {
    await file.close();
  }
}
