import { hashSync } from 'bcryptjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BasicAuth } from './basic-auth.ts';

let auth: BasicAuth;
const aliceHash = hashSync('wonder:land', 4);

beforeEach(() => {
  auth = new BasicAuth(new Map([['alice', aliceHash.replace('$2b$', '$2y$')]]));
});

afterEach(() => auth.close());

const basic = (credentials: string) => `Basic ${Buffer.from(credentials).toString('base64')}`;

describe('BasicAuth', () => {
  it.each([
    [basic('alice:wonder:land'), 'allowed'],
    [basic('alice:wonder:land').replace('Basic', 'basic'), 'allowed'],
    [basic('alice:wonderland'), 'denied'],
    [basic('alice:'), 'denied'],
    [basic('bob:wonder:land'), 'denied'],
    [basic('alice'), 'denied'],
    [basic(`alice:${'a'.repeat(2000)}`), 'denied'],
    ['Bearer abc', 'denied'],
    ['Basic %%%', 'denied'],
    ['', 'denied'],
    [undefined, 'denied'],
  ] as const)('%j is %s, the second time too', async (header, expected) => {
    expect(await auth.check(header)).toBe(expected);
    expect(await auth.check(header)).toBe(expected);
  });

  it('refuses who tries faster than passwords can be checked, but not who is known', async () => {
    expect(await auth.check(basic('alice:wonder:land'))).toBe('allowed');
    const tries = Array.from({ length: 40 }, (_, i) => auth.check(basic(`mallory:${i}`)));
    expect(await auth.check(basic('alice:wonder:land'))).toBe('allowed');
    const results = await Promise.all(tries);
    expect(results.filter((result) => result === 'denied')).toHaveLength(16);
    expect(results.filter((result) => result === 'busy')).toHaveLength(24);
  });

  it('forgets passwords when the users change', async () => {
    expect(await auth.check(basic('alice:wonder:land'))).toBe('allowed');
    auth.setUsers(new Map([['alice', hashSync('other', 4)]]));
    expect(await auth.check(basic('alice:wonder:land'))).toBe('denied');
    expect(await auth.check(basic('alice:other'))).toBe('allowed');
  });
});
