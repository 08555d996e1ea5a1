/**
 * web.yml, beside the package that every exporter of Prometheus reads it by. What that package makes of each file was
 * recorded: test/fixtures/web-config/README.md. Where we differ, it is on purpose, and a row of docs/security.md.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseWebConfig, type WebConfigValues } from './parse-web-config.ts';

interface Recorded {
  readonly yaml: string;
  readonly accepted: boolean;
  readonly error?: string;
  readonly values?: {
    readonly certFile: string;
    readonly keyFile: string;
    readonly clientCa: string;
    readonly clientAuth: string;
    readonly sans: readonly string[] | null;
    readonly minVersion: number;
    readonly maxVersion: number;
    readonly ciphers: readonly string[];
    readonly curves: readonly string[];
    readonly http2: boolean;
    readonly headers: Readonly<Record<string, string>>;
    readonly users: Readonly<Record<string, string>>;
    readonly burst: number;
    readonly intervalNs: number;
    readonly hasTls: boolean;
  };
}

const root = join(import.meta.dirname, '../..');
const recorded = JSON.parse(
  readFileSync(join(root, 'test/fixtures/web-config/exporter-toolkit.json'), 'utf8'),
) as readonly Recorded[];

/** Accepted there and refused here: the row of docs/security.md, and our message. */
const stricter: ReadonlyArray<readonly [row: string, message: RegExp]> = [
  [
    'Several YAML documents, of which it reads the first',
    /must be one YAML document|YAML cannot be read: (?!alias|anchor)/,
  ],
  ['An empty map as a key', /^Key "\(a key\)" must be a text, got keys with values$/],
  ['A bcrypt cost above 15', /bcrypt hash of cost 4 to 15$/],
  ['A bcrypt hash that no password can match', /must be a bcrypt hash$/],
  ['A header value that is not printable ASCII', /must be printable ASCII on one line/],
  ['Client certificates checked without `client_ca_file`', /client_ca_file" is missing: client_auth_type/],
  ['`client_allowed_sans` where no certificate is required', /must require a certificate if client_allowed_sans/],
  ['`min_version` above `max_version`', /must be at most max_version/],
  ['Only other keys of `tls_server_config`, without a certificate', /cert_file" is missing$/],
  ['An element of `cipher_suites` or `curve_preferences` without a value', /got an element without one$/],
];

/** What that package only finds in the files that web.yml names. */
const isFaultOfOtherFile = (error = ''): boolean => /no such file|failed to (?:read|load)/.test(error);

describe('web.yml, beside exporter-toolkit', () => {
  it.each(recorded.filter(({ accepted }) => accepted))('accepts $yaml, with its values', ({ yaml, values }) => {
    let ours: WebConfigValues;
    try {
      ours = parseWebConfig(yaml);
    } catch (error) {
      expect(stricter.filter(([, message]) => message.test((error as Error).message))).toHaveLength(1);
      return;
    }
    expect(toRecorded(ours)).toEqual({
      ...values,
      certFile: withoutDirectory(values!.certFile),
      keyFile: withoutDirectory(values!.keyFile),
      clientCa: withoutDirectory(values!.clientCa),
      minVersion: values!.minVersion || 771,
      maxVersion: values!.maxVersion || 772,
      headers: Object.fromEntries(Object.entries(values!.headers).filter(([, value]) => value !== '')),
      intervalNs: Math.max(0, values!.intervalNs),
      ...(values!.intervalNs > 0 ? {} : { burst: 0 }),
      http2: ours.wantsHttp2,
      ...(ours.tls === undefined ? { minVersion: 771, maxVersion: 772 } : {}),
    });
  });

  const refused = recorded.filter(({ accepted, error }) => !accepted && !isFaultOfOtherFile(error));

  it.each(refused)('refuses $yaml', ({ yaml }) => {
    // Its documentation says that such a header is unset if it is blank; its code refuses two of them.
    const isBlankHeader = /X-(?:Frame|Content-Type)-Options: (?:"")?\}\}$/.test(yaml);
    const read = () => parseWebConfig(yaml);
    if (isBlankHeader) {
      expect(read().headers.size).toBe(0);
    } else {
      expect(read).toThrow(expect.objectContaining({ name: 'WebConfigError' }));
    }
  });

  it('differs only as docs/security.md says, and each row is needed', () => {
    const document = readFileSync(join(root, 'docs/security.md'), 'utf8');
    const messages = recorded.filter(({ accepted }) => accepted).flatMap(({ yaml }) => messageOf(yaml) ?? []);
    for (const [row, message] of stricter) {
      expect(document).toContain(`| ${row} |`);
      expect(messages.filter((text) => message.test(text))).not.toEqual([]);
    }
  });
});

function messageOf(yaml: string): string | undefined {
  try {
    parseWebConfig(yaml);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

/** The path was made absolute there. */
function withoutDirectory(path: string): string {
  return path.split('/').at(-1)!;
}

const numberOfVersion: Readonly<Record<string, number>> = { TLS10: 769, TLS11: 770, TLS12: 771, TLS13: 772 };

function toRecorded({ tls, headers, users, rateLimit, wantsHttp2 }: WebConfigValues): Recorded['values'] {
  return {
    certFile: withoutDirectory(tls?.cert_file ?? ''),
    keyFile: withoutDirectory(tls?.key_file ?? ''),
    clientCa: withoutDirectory(tls?.client_ca_file ?? ''),
    clientAuth: tls?.client_auth_type ?? '',
    sans: tls?.client_allowed_sans ?? null,
    minVersion: numberOfVersion[tls?.min_version ?? 'TLS12']!,
    maxVersion: numberOfVersion[tls?.max_version ?? 'TLS13']!,
    ciphers: tls?.cipher_suites ?? [],
    curves: tls?.curve_preferences ?? [],
    http2: wantsHttp2,
    headers: Object.fromEntries(headers),
    users: Object.fromEntries(users),
    burst: rateLimit?.burst ?? 0,
    intervalNs: Math.round((rateLimit?.intervalMs ?? 0) * 1e6),
    hasTls: tls !== undefined,
  };
}
