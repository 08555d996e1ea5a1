/**
 * The release of a kernel, read from its image and not from the guest that it runs. Called when a hypervisor is started.
 */
import { type FileHandle, open } from 'node:fs/promises';

/**
 * Offsets in the setup header of x86: `HdrS` is at 0x202, and at 0x20e the offset of the text, minus 0x200. See the boot
 * protocol in Documentation/x86/boot.rst of the kernel.
 */
const MAGIC_OFFSET = 0x202;
const MAGIC = 'HdrS';
const TEXT_POINTER_OFFSET = 0x20e;
const TEXT_BASE = 0x200;
/** Release, builder, and date; the release is the first word. */
const MAX_TEXT_BYTES = 256;
const RELEASE = /^[0-9][\w.+~-]{0,99}/;

/**
 * Undefined when the image is not of that form (an ELF file, another machine's).
 * @throws {Error} the system error.
 */
export async function readKernelRelease(imagePath: string): Promise<string | undefined> {
  const file = await open(imagePath);
  try {
    const header = await read(file, MAGIC_OFFSET, TEXT_POINTER_OFFSET + 2 - MAGIC_OFFSET);
    if (
      header.toString('latin1', 0, MAGIC.length) !== MAGIC ||
      header.length < TEXT_POINTER_OFFSET + 2 - MAGIC_OFFSET
    ) {
      return undefined;
    }
    const pointer = header.readUInt16LE(TEXT_POINTER_OFFSET - MAGIC_OFFSET);
    const text = await read(file, TEXT_BASE + pointer, MAX_TEXT_BYTES);
    return RELEASE.exec(text.toString('latin1'))?.[0];
  } finally {
    await file.close();
  }
}

async function read(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(length), position });
  return buffer.subarray(0, bytesRead);
}
