/**
 * Two connected streams, in memory or over a unix socket, for tests of what speaks over a Duplex.
 */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Duplex, duplexPair } from 'node:stream';

export type PairKind = 'in memory' | 'over a unix socket';

export const PAIR_KINDS: readonly PairKind[] = ['in memory', 'over a unix socket'];

/** The side that connected, and the side that accepted. Both belong to the test, which destroys them. */
export async function openStreamPair(kind: PairKind): Promise<[client: Duplex, server: Duplex]> {
  return kind === 'in memory' ? duplexPair() : await openSocketPair();
}

async function openSocketPair(): Promise<[Socket, Socket]> {
  const folderPath = mkdtempSync(join(tmpdir(), 'stream-pair-'));
  const listener = createServer().listen(join(folderPath, 'socket'));
  try {
    await once(listener, 'listening');
    const client = connect(join(folderPath, 'socket'));
    const [[server]] = await Promise.all([once(listener, 'connection'), once(client, 'connect')]);
    return [client, server];
  } finally {
    listener.close();
    rmSync(folderPath, { recursive: true, force: true });
  }
}
