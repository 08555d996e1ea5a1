import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseWebConfig } from './parse-web-config.ts';
import { WebConfigError } from './web-config-error.ts';

const hash = `$2y$10$${'a'.repeat(53)}`;
const files = 'cert_file: a, key_file: b';

describe('parseWebConfig', () => {
  it.each([
    [''],
    ['# nothing'],
    [`tls_server_config: {${files}}`],
    [`tls_server_config: {${files}, client_auth_type: RequireAndVerifyClientCert, client_ca_file: c}`],
    [`tls_server_config: {${files}, client_auth_type: RequireAnyClientCert, client_allowed_sans: [a]}`],
    [`tls_server_config: {${files}, min_version: TLS13, cipher_suites: [TLS_AES_128_GCM_SHA256]}`],
    [`tls_server_config: {${files}, curve_preferences: [X25519, CurveP256], prefer_server_cipher_suites: false}`],
    ['http_server_config: {http2: false, headers: {X-Frame-Options: deny, Content-Security-Policy: ""}}'],
    [`basic_auth_users: {alice: ${hash}}`],
    ['rate_limit: {interval: 1s, burst: 20}'],
    ['rate_limit: {interval: 0, burst: 1}'],
  ])('takes %j', (yaml) => {
    expect(parseWebConfig(yaml)).toMatchObject({});
  });

  it('takes the example of docs/security.md', () => {
    const document = readFileSync(join(import.meta.dirname, '../../docs/security.md'), 'utf8');
    const example = /```yaml\n(tls_server_config:[^`]+)```/.exec(document)![1]!;
    expect(parseWebConfig(example.replace('$2y$10$...', hash)).users).toEqual(new Map([['prometheus', hash]]));
  });

  it('has the values', () => {
    expect(
      parseWebConfig(
        `{tls_server_config: {${files}}, basic_auth_users: {alice: ${hash}}, rate_limit: {interval: 500ms, burst: 2}}`,
      ),
    ).toMatchObject({
      tls: { min_version: 'TLS12', max_version: 'TLS13', client_auth_type: '', prefer_server_cipher_suites: true },
      users: new Map([['alice', hash]]),
      rateLimit: { intervalMs: 500, burst: 2 },
    });
  });

  it.each([
    ['tls: {}', 'Key "tls" is not a known key'],
    ['a', 'File must be keys with their values'],
    ['a: {', 'YAML cannot be read: '],
    ['rate_limit: {burst: 1}\nrate_limit: {burst: 1}', 'Key "rate_limit" is a duplicate'],
    ['basic_auth_users: {a: b, "a": c}', 'Key "basic_auth_users.a" is a duplicate'],
    ['{}\n---\n{}', 'File must be one YAML document, got several'],
    ['rate_limit: {burst: *n}', 'YAML cannot be read: alias "*n" has no anchor before it'],
    [
      `rate_limit: ${'['.repeat(5000)}${']'.repeat(5000)}`,
      'File must have at most 100 levels of nested values and aliases, got more at line 1, column ',
    ],
    [
      `basic_auth_users: {<<: [&m0 {}${Array.from({ length: 100 }, (_, i) => `,&m${i + 1} {<<: *m${i}}`).join('')}]}`,
      'File must have at most 100 levels of nested values and aliases, got more in key "basic_auth_users"',
    ],
    [
      `basic_auth_users: {<<: [&m0 {}${Array.from({ length: 6 }, (_, i) => `,&m${i + 1} {<<: [${Array(9).fill(`*m${i}`).join()}]}`).join('')}]}`,
      'File must have at most 100000 values, including those that aliases repeat, got more',
    ],
    ['rate_limit: &a {<<: *a}', 'YAML cannot be read: anchor "a" contains itself'],
    ['rate_limit: {<<: a}', 'Key "rate_limit.<<" must be keys with values, or a list of such, got "a"'],
    [`tls_server_config: {${files}, ciphers: []}`, 'Key "tls_server_config.ciphers" is not a known key'],
    ['tls_server_config: {cert_file: a}', 'Key "tls_server_config.key_file" is missing'],
    ['tls_server_config: {key_file: a}', 'Key "tls_server_config.cert_file" is missing'],
    [
      `tls_server_config: {${files}, min_version: SSL3}`,
      'Key "tls_server_config.min_version" must be one of TLS10, TLS11, TLS12, TLS13, got "SSL3"',
    ],
    [
      `tls_server_config: {${files}, min_version: TLS13, max_version: TLS12}`,
      'Key "tls_server_config.min_version" must be at most max_version "TLS12", got "TLS13"',
    ],
    [`tls_server_config: {${files}, client_auth_type: Always}`, 'must be one of NoClientCert, RequestClientCert, '],
    [
      `tls_server_config: {${files}, client_ca_file: c}`,
      'Key "tls_server_config.client_auth_type" must request certificates if client_ca_file is set, got "NoClientCert"',
    ],
    [
      `tls_server_config: {${files}, client_auth_type: RequireAndVerifyClientCert}`,
      'Key "tls_server_config.client_ca_file" is missing: client_auth_type is "RequireAndVerifyClientCert"',
    ],
    [
      `tls_server_config: {${files}, client_allowed_sans: [a]}`,
      'must require a certificate if client_allowed_sans is set, got "NoClientCert"',
    ],
    [`tls_server_config: {${files}, cipher_suites: [RC4]}`, 'Key "tls_server_config.cipher_suites.0" must be one of'],
    ['http_server_config: {http2: 1}', 'Key "http_server_config.http2" must be true or false, got "1"'],
    ['http_server_config: {headers: {Server: a}}', 'Key "http_server_config.headers.Server" is not a known key'],
    [
      'http_server_config: {headers: {X-Frame-Options: no}}',
      'Key "http_server_config.headers.X-Frame-Options" must be one of deny, sameorigin, got "no"',
    ],
    [
      'http_server_config: {headers: {X-XSS-Protection: "a\\r\\nb"}}',
      'Key "http_server_config.headers.X-XSS-Protection" must be printable ASCII on one line',
    ],
    [
      'rate_limit: {interval: 1x, burst: 1}',
      'Key "rate_limit.interval" must be a duration such as 500ms, or an integer of nanoseconds, got "1x"',
    ],
    ['rate_limit: {burst: "1"}', 'Key "rate_limit.burst" must be an integer, got "1"'],
    ['tls_server_config: {min_version: TLS13}', 'Key "tls_server_config.cert_file" is missing'],
    ['http_server_config: {headers: {X-XSS-Protection: !!int a}}', 'has the tag !!int, which its value is not'],
  ])('refuses %j', (yaml, message) => {
    expect(() => parseWebConfig(yaml)).toThrow(WebConfigError);
    expect(() => parseWebConfig(yaml)).toThrow(message);
  });

  it.each(['open sesame', `$2y$20$${'a'.repeat(53)}`, `$2x$10$${'a'.repeat(53)}`])(
    'refuses %j as a hash, and does not repeat it',
    (secret) => {
      const read = () => parseWebConfig(`basic_auth_users: {alice: "${secret}"}`);
      expect(read).toThrow(/^Key "basic_auth_users\.alice" must be a bcrypt hash(?: of cost 4 to 15)?$/);
    },
  );
});
