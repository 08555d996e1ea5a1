/**
 * The current settings of web.yml: the files are checked again for every connection and request, so that an expired
 * certificate can be replaced without a restart. No timer runs. If a file becomes invalid, the previous settings stay in
 * effect.
 */
import { resolve } from 'node:path';
import { signatureOf } from './file-signature.ts';
import { loadWebConfig, type WebConfigSource, type WebSettings } from './load-web-config.ts';
import { WebConfigError } from './web-config-error.ts';

export interface WebConfigEvents {
  readonly onReload: (settings: WebSettings) => void;
  /** Once for each state of the files, not for each request. */
  readonly onFault: (error: WebConfigError) => void;
}

/** The configuration of a server. Pass it to every connection and request. */
export class WebConfig {
  readonly #source: WebConfigSource;
  #settings: WebSettings;
  #files: ReadonlyMap<string, string>;

  /** @throws {WebConfigError} when the files cannot be used. */
  constructor(source: WebConfigSource) {
    this.#source = toAbsolute(source);
    const { result, files } = loadWebConfig(this.#source);
    if (result instanceof WebConfigError) {
      throw result;
    }
    this.#settings = result;
    this.#files = files;
  }

  get settings(): WebSettings {
    return this.#settings;
  }

  /** Reads the files again if one of them is another than before; a few µs if none is. */
  refresh(events: WebConfigEvents): void {
    if ([...this.#files].some(([path, signature]) => signatureOf(path) !== signature)) {
      this.reload(events);
    }
  }

  /** Reads the files again, whether or not they have changed. */
  reload({ onReload, onFault }: WebConfigEvents): void {
    const { result, files } = loadWebConfig(this.#source);
    if (result instanceof WebConfigError && isOwnShortage(result)) {
      return; // the files are not at fault: the next request reads them
    }
    this.#files = files;
    const fault = result instanceof WebConfigError ? result : findForbiddenChange(this.#settings, result);
    if (fault !== undefined) {
      onFault(fault);
    } else {
      this.#settings = result as WebSettings;
      onReload(this.#settings);
    }
  }
}

function toAbsolute(source: WebConfigSource): WebConfigSource {
  return source.kind === 'file'
    ? { kind: 'file', path: resolve(source.path) }
    : { kind: 'tls', certFile: resolve(source.certFile), keyFile: resolve(source.keyFile) };
}

/**
 * A file that is being written is there in part for a moment, and a part of web.yml, or none of it, is a valid web.yml:
 * what was closed at the start is never opened by a later state of the file.
 */
function findForbiddenChange(before: WebSettings, after: WebSettings): WebConfigError | undefined {
  if (before.tls?.clientAuth !== after.tls?.clientAuth) {
    return new WebConfigError('TLS and client_auth_type cannot be switched without a restart');
  }
  if (before.tls?.allowedSans !== undefined && after.tls?.allowedSans === undefined) {
    return new WebConfigError('Key "tls_server_config.client_allowed_sans" cannot be removed without a restart');
  }
  if (before.users.size > 0 && after.users.size === 0) {
    return new WebConfigError('Key "basic_auth_users" cannot be removed without a restart');
  }
  return undefined;
}

/** Whether a file could not be read because this process, or the machine, has no descriptor or memory left. */
function isOwnShortage({ cause }: WebConfigError): boolean {
  return ['EMFILE', 'ENFILE', 'ENOMEM'].includes((cause as NodeJS.ErrnoException | undefined)?.code ?? '');
}
