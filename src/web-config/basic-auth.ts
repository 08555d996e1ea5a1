/**
 * Checks the user and the password of a request: RFC 7617 over bcrypt hashes. Results are remembered by a keyed digest
 * and never as the password: one right password for each user, and the last wrong ones.
 */
import { createHmac, randomBytes } from 'node:crypto';
import { BcryptThread, type PasswordComparer } from './bcrypt-thread.ts';

export type AuthResult = 'allowed' | 'busy' | 'denied';

/** Number of wrong passwords that are remembered; older ones are computed again. */
const MAX_WRONG = 256;
/** Maximum number of waiting comparisons from one address, so that an attacker cannot fill the queue for other clients. */
const MAX_WAITING_FROM_ONE = 4;
/** Longer ones are refused unread: bcrypt itself reads 72 bytes. */
const MAX_CREDENTIAL_BYTES = 1024;
/** Salt and cost of a hash that no password matches, for unknown users, so that they take as long as known ones. */
const UNKNOWN_USER_SALT = 'KatakatakatakatakatakO';

/** Checks the Authorization header of requests against the users of a web.yml. */
export class BasicAuth {
  readonly #comparer: PasswordComparer;
  readonly #digestKey = randomBytes(32);
  /** Digest by user: no user can push out another's by trying, and a user who has many right ones has one here. */
  readonly #right = new Map<string, string>();
  readonly #wrong = new Set<string>();
  readonly #running = new Map<string, Promise<boolean>>();
  /** Comparisons in progress, by the address of the client that sent the first request. */
  readonly #waitingFrom = new Map<string, number>();
  #users: ReadonlyMap<string, string>;
  #unknownHash: string;

  /** bcrypt hashes by user. */
  constructor(users: ReadonlyMap<string, string>, comparer: PasswordComparer = new BcryptThread()) {
    this.#comparer = comparer;
    this.#users = users;
    this.#unknownHash = hashOfNobody(users);
  }

  /** A digest is of the hash too, so that nothing remembered of an older one fits any more. */
  setUsers(users: ReadonlyMap<string, string>): void {
    for (const user of this.#right.keys()) {
      if (users.get(user) !== this.#users.get(user)) {
        this.#right.delete(user);
      }
    }
    this.#users = users;
    this.#unknownHash = hashOfNobody(users);
  }

  /**
   * `header` is the value of Authorization, `client` the address that it came from; `busy` when too many passwords are
   * being checked, of all or of this client.
   */
  async check(header: string | undefined, client = ''): Promise<AuthResult> {
    const credentials = readCredentials(header);
    if (credentials === undefined) {
      return 'denied';
    }
    const { user, password } = credentials;
    const known = this.#users.get(user);
    const hash = known ?? this.#unknownHash;
    const digest = createHmac('sha256', this.#digestKey)
      .update(JSON.stringify([user, password, hash]))
      .digest('base64');
    if (this.#right.get(user) === digest) {
      return 'allowed';
    }
    if (this.#wrong.has(digest)) {
      return 'denied';
    }
    const compared = this.#compareOnce(digest, password, hash, client);
    if (compared === undefined) {
      return 'busy';
    }
    const isRight = (await compared) && known !== undefined && this.#users.get(user) === known;
    if (isRight) {
      this.#right.set(user, digest);
    } else {
      this.#rememberWrong(digest);
    }
    return isRight ? 'allowed' : 'denied';
  }

  close(): Promise<void> {
    return this.#comparer.close();
  }

  /** Clients that send the same at the same time share one comparison. */
  #compareOnce(digest: string, password: string, hash: string, client: string): Promise<boolean> | undefined {
    const running = this.#running.get(digest);
    const waiting = this.#waitingFrom.get(client) ?? 0;
    if (running !== undefined || waiting >= MAX_WAITING_FROM_ONE) {
      return running;
    }
    const compared = this.#comparer.compare(password, hash)?.finally(() => {
      this.#running.delete(digest);
      this.#count(client, -1);
    });
    if (compared !== undefined) {
      this.#running.set(digest, compared);
      this.#count(client, 1);
    }
    return compared;
  }

  #count(client: string, change: 1 | -1): void {
    const waiting = (this.#waitingFrom.get(client) ?? 0) + change;
    if (waiting === 0) {
      this.#waitingFrom.delete(client);
    } else {
      this.#waitingFrom.set(client, waiting);
    }
  }

  #rememberWrong(digest: string): void {
    this.#wrong.add(digest);
    if (this.#wrong.size > MAX_WRONG) {
      const [oldest] = this.#wrong;
      this.#wrong.delete(oldest!);
    }
  }
}

/** Returns undefined for malformed credentials: RFC 7617 permits no control characters, and bcrypt ends at NUL. */
function readCredentials(header = ''): { user: string; password: string } | undefined {
  const encoded = /^Basic +([A-Za-z0-9+/]+={0,2}) *$/i.exec(header)?.[1];
  if (encoded === undefined || encoded.length > MAX_CREDENTIAL_BYTES) {
    return undefined;
  }
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return colon < 0 || /\p{Cc}/u.test(text)
    ? undefined
    : { user: text.slice(0, colon), password: text.slice(colon + 1) };
}

/** A hash of the cost that most users have, which belongs to no user. */
function hashOfNobody(users: ReadonlyMap<string, string>): string {
  const costs = [...users.values()].map((hash) => hash.slice(4, 6));
  const cost = costs.toSorted((a, b) => countOf(costs, b) - countOf(costs, a))[0] ?? '10';
  return `$2b$${cost}$${UNKNOWN_USER_SALT}${'.'.repeat(31)}`;
}

function countOf(costs: readonly string[], cost: string): number {
  return costs.filter((other) => other === cost).length;
}
