/**
 * The files that options of a TLS client name. Called by the programs when they need them: settings hold only the paths.
 */
import { readFileSync } from 'node:fs';
import { OptionError } from '../options/index.ts';

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

/** @throws {OptionError} when the file cannot be read */
export function readOptionFile(option: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new OptionError(`Option "--${option}" must be a file that can be read: ${(error as Error).message}`);
  }
}
