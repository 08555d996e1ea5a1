/**
 * The lower limit of what a scrape can cost: reads the same sockets with the same client, then compresses a response of the same
 * bytes at the same gzip level, without parsing any of it. `node bench/floor.ts <root> <response file> <gzip level>` serves GET on
 * a free port, prints the port, and exits when its standard input ends.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { pipeline, Readable } from 'node:stream';
import { createGzip } from 'node:zlib';
import { ShimClient } from '../src/shim-client/index.ts';

const CHUNK_BYTES = 256 * 1024;
const LANES = 64;

const [root = '', answerPath = '', levelText = ''] = process.argv.slice(2);
const level = Number(levelText);
const response = readFileSync(answerPath);
// The monitor keeps its mailboxes there too, in a folder whose name begins with a dot.
const sandboxIds = readdirSync(root).filter((name) => !name.startsWith('.'));
const socketPaths = sandboxIds.map((id) => join(root, id, 'shim-monitor.sock'));
const client = new ShimClient();

async function readAll(): Promise<Buffer[]> {
  const bodies: Buffer[] = [];
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let i = next++; i < socketPaths.length; i = next++) {
      const shim = await client.get({
        socketPath: socketPaths[i]!,
        path: '/metrics',
        timeoutMs: 10_000,
        maxBytes: 4 * 1024 * 1024,
      });
      if (shim.kind !== 'ok') {
        throw new Error(`Cannot read ${socketPaths[i]}: ${shim.message}`);
      }
      bodies.push(shim.body);
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  return bodies;
}

function* chunks(): Generator<Buffer> {
  for (let at = 0; at < response.length; at += CHUNK_BYTES) {
    yield response.subarray(at, at + CHUNK_BYTES);
  }
}

const server = createServer((request, response) => {
  void readAll().then(() => {
    const plain = Readable.from(chunks(), { objectMode: false, highWaterMark: 1 });
    if (request.headers['accept-encoding'] === 'gzip') {
      response.setHeader('content-encoding', 'gzip');
      pipeline(plain, createGzip({ level, chunkSize: 64 * 1024 }), response, () => undefined);
    } else {
      pipeline(plain, response, () => undefined);
    }
  });
});
server.listen(0, '127.0.0.1', () => process.stdout.write(`${(server.address() as AddressInfo).port}\n`));
process.stdin.resume().on('end', () => {
  client.close();
  process.exit();
});
