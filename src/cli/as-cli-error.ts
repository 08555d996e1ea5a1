/**
 * Failures of a server that a command starts, as errors of the command line.
 */
import { ListenError, WebConfigError } from '../monitor/page-server.ts';
import { OptionError } from '../options/index.ts';
import { CliError } from './cli-error.ts';

/**
 * The result of `work`.
 * @throws {CliError} for an address that cannot be served on. @throws {OptionError} for an unusable web.yml.
 */
export async function asCliError<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ListenError) {
      throw new CliError(error.message);
    }
    if (error instanceof WebConfigError) {
      throw new OptionError(`Option "--web.config.file" must be a usable file: ${error.message}`);
    }
    throw error;
  }
}
