/**
 * Reads the files that the options of a TLS client name. Called by the programs when they need them: settings contain
 * only the paths.
 */
import { OptionError } from '../options/index.ts';
import { PlainFileError, readPlainBytes } from '../program/plain-file.ts';

export interface TlsPaths {
  readonly caFile?: string | undefined;
  readonly certFile?: string | undefined;
  readonly keyFile?: string | undefined;
}

/** As `node:tls` takes them; without those that are not named. */
export interface TlsFiles {
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
}

/** `prefix`: of the options, such as `otlp.` of `--otlp.ca-file`. @throws {OptionError} when a file cannot be read */
export function readTlsFiles({ caFile, certFile, keyFile }: TlsPaths, prefix = ''): TlsFiles {
  return {
    ...(caFile === undefined ? {} : { ca: readOptionFile(`${prefix}ca-file`, caFile) }),
    ...(certFile === undefined ? {} : { cert: readOptionFile(`${prefix}cert-file`, certFile) }),
    ...(keyFile === undefined ? {} : { key: readOptionFile(`${prefix}key-file`, keyFile) }),
  };
}

/** More is neither a certificate, nor a key or a password. */
const MAX_FILE_BYTES = 1024 * 1024;

/** @throws {OptionError} when the file cannot be read, is too large, or is a pipe or a device, which could be waited for without end */
export function readOptionFile(option: string, path: string): Buffer {
  const start = `Option "--${option}" must be a file`;
  try {
    return readPlainBytes(path, MAX_FILE_BYTES);
  } catch (error) {
    if (!(error instanceof PlainFileError)) {
      throw new OptionError(`${start} that can be read: ${(error as Error).message}`);
    }
    throw new OptionError(
      error.sizeBytes === undefined
        ? `${start}, got "${path}", which is not a plain file`
        : `${start} of at most ${MAX_FILE_BYTES} bytes, got "${path}" of ${error.sizeBytes} bytes`,
    );
  }
}
