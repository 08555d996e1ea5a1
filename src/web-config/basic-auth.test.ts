import { compareSync, hashSync } from 'bcryptjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BasicAuth } from './basic-auth.ts';
import type { PasswordComparer } from './bcrypt-thread.ts';

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
    [basic('alice:wonder:land\0wonder:land'), 'denied'],
    [basic('alice:wonder:land\n'), 'denied'],
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
    const tries = Array.from({ length: 40 }, (_, i) => auth.check(basic(`mallory:${i}`), `192.0.2.${i % 10}`));
    expect(await auth.check(basic('alice:wonder:land'))).toBe('allowed');
    const results = await Promise.all(tries);
    expect(results.filter((result) => result === 'denied')).toHaveLength(16);
    expect(results.filter((result) => result === 'busy')).toHaveLength(24);
  });

  it('rejects a client that has four checks in progress, and no other client', async () => {
    const tries = Array.from({ length: 9 }, (_, i) => auth.check(basic(`mallory:${i}`), '192.0.2.1'));
    expect(await auth.check(basic('alice:wonder:land'), '192.0.2.2')).toBe('allowed');
    expect((await Promise.all(tries)).filter((result) => result === 'busy')).toHaveLength(5);
    expect(await auth.check(basic('mallory:9'), '192.0.2.1')).toBe('denied');
  });

  it('forgets passwords when the users change', async () => {
    expect(await auth.check(basic('alice:wonder:land'))).toBe('allowed');
    auth.setUsers(new Map([['alice', hashSync('other', 4)]]));
    expect(await auth.check(basic('alice:wonder:land'))).toBe('denied');
    expect(await auth.check(basic('alice:other'))).toBe('allowed');
  });

  it('keeps what it knows of users that stay', async () => {
    const counted = counting();
    const hashes = new Map([['alice', aliceHash]]);
    const known = new BasicAuth(hashes, counted);
    await known.check(basic('alice:wonder:land'));
    known.setUsers(new Map([...hashes, ['bob', hashSync('builder', 4)]]));
    expect(await known.check(basic('alice:wonder:land'))).toBe('allowed');
    expect(counted.hashes).toEqual([aliceHash]);
  });
});

describe('work of BasicAuth', () => {
  const otherCost = hashSync('other', 5);
  const users = new Map([
    ['alice', aliceHash],
    ['bob', hashSync('builder', 4)],
    ['carol', otherCost],
  ]);

  it('is one comparison of the usual cost for a user that is not known', async () => {
    const counted = counting();
    const tried = new BasicAuth(users, counted);
    await tried.check(basic('alice:wrong'));
    await tried.check(basic('unknown:wrong'));
    await tried.check(basic('carol:wrong'));
    expect(counted.hashes.map((hash) => hash.slice(0, 7))).toEqual(['$2b$04$', '$2b$04$', '$2b$05$']);
  });

  it('is shared by clients that send the same at the same time', async () => {
    const counted = counting();
    const tried = new BasicAuth(users, counted);
    const asked = Array.from({ length: 50 }, () => tried.check(basic('alice:wonder:land')));
    expect(new Set(await Promise.all(asked))).toEqual(new Set(['allowed']));
    await Promise.all(Array.from({ length: 50 }, () => tried.check(basic('unknown:guess'))));
    expect(counted.hashes).toHaveLength(2);
  });

  it('is done again for a wrong password only after 256 others, and never for the right one', async () => {
    const counted = counting();
    const tried = new BasicAuth(users, counted);
    await tried.check(basic('alice:wonder:land'));
    for (let i = 0; i < 257; i++) {
      await tried.check(basic(`mallory:${i}`));
    }
    expect(counted.hashes).toHaveLength(258);
    await tried.check(basic('alice:wonder:land'));
    await tried.check(basic('mallory:256'));
    await tried.check(basic('mallory:1'));
    expect(counted.hashes).toHaveLength(258);
    await tried.check(basic('mallory:0'));
    expect(counted.hashes).toHaveLength(259);
  });

  it('is not done for a header that is no user with a password', async () => {
    const counted = counting();
    const tried = new BasicAuth(users, counted);
    for (const header of [undefined, 'Bearer x', basic('alice'), basic(`alice:${'a'.repeat(2000)}`)]) {
      expect(await tried.check(header)).toBe('denied');
    }
    expect(counted.hashes).toEqual([]);
  });
});

/** Compares at once, and keeps the hashes that it compared. */
function counting(): PasswordComparer & { readonly hashes: string[] } {
  const hashes: string[] = [];
  const compare = async (password: string, hash: string): Promise<boolean> => {
    hashes.push(hash);
    return compareSync(password, hash);
  };
  return { hashes, compare, close: async () => undefined };
}
