/**
 * The settings of web.yml as they are now: looked at again whenever someone connects or asks, so that a certificate that
 * has run out can be replaced without a restart. No timer runs. A bad file later keeps the settings from before.
 */
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { type LoadedWebConfig, loadWebConfig, type WebSettings } from './load-web-config.ts';
import { WebConfigError } from './parse-web-config.ts';

export interface WebConfigEvents {
  readonly onReload: (settings: WebSettings) => void;
  /** Once for each state of the files, not for each request. */
  readonly onFault: (error: WebConfigError) => void;
}

export class WebConfig {
  readonly #path: string;
  #settings: WebSettings;
  #files: readonly string[];
  #signature: string;

  /** @throws {WebConfigError} when the files cannot be used. */
  constructor(path: string) {
    this.#path = resolve(path);
    const signature = signatureOf([this.#path]);
    const { result, files } = loadWebConfig(this.#path);
    if (result instanceof WebConfigError) {
      throw result;
    }
    this.#settings = result;
    this.#files = files;
    this.#signature = files.length === 1 ? signature : signatureOf(files);
  }

  get settings(): WebSettings {
    return this.#settings;
  }

  /** Reads the files again if one of them is another than before; a few µs if none is. */
  refresh({ onReload, onFault }: WebConfigEvents): void {
    if (signatureOf(this.#files) === this.#signature) {
      return;
    }
    const loaded = this.#load();
    const { result } = loaded;
    if (result instanceof WebConfigError) {
      onFault(result);
    } else if (result.tls?.clientAuth !== this.#settings.tls?.clientAuth) {
      onFault(new WebConfigError('TLS and client_auth_type cannot be switched without a restart'));
    } else {
      this.#settings = result;
      onReload(result);
    }
  }

  #load(): LoadedWebConfig {
    const loaded = loadWebConfig(this.#path);
    this.#files = loaded.files;
    this.#signature = signatureOf(loaded.files);
    return loaded;
  }
}

/** Differs when a file was written, replaced, removed or, behind a link, exchanged. */
function signatureOf(files: readonly string[]): string {
  return files
    .map((file) => {
      const stats = statSync(file, { throwIfNoEntry: false, bigint: true });
      return stats === undefined ? 'none' : `${stats.dev} ${stats.ino} ${stats.size} ${stats.mtimeNs} ${stats.ctimeNs}`;
    })
    .join('\n');
}
