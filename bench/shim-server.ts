/**
 * The shims of a node in one process: `node bench/shim-server.ts <root> <count> <body file> [unresponsive]` serves the body on
 * `<root>/<id>/shim-monitor.sock` for <count> ids, in chunks of 2 KiB as the Go shim does, with persistent connections. The last
 * `unresponsive` of them accept requests and never respond. Started by the scrape benches; prints one line when all sockets listen, and
 * exits when its standard input ends.
 */
import { mkdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { makeSandboxIds } from './sandbox-ids.ts';

/** The size of a chunk of Go's net/http. */
const CHUNK_BYTES = 2048;

const [root = '', countText = '', bodyPath = '', unresponsiveText = '0'] = process.argv.slice(2);
const response = toAnswer(readFileSync(bodyPath));

let listening = 0;
const count = Number(countText);
const firstUnresponsive = count - Number(unresponsiveText);
const servers = makeSandboxIds(count).map((id, index) => {
  mkdirSync(join(root, id), { recursive: true });
  const server = createServer((socket) => {
    // A request of the bench is one small GET: it comes in one piece.
    socket.on('data', () => index < firstUnresponsive && socket.write(response));
    socket.on('error', () => socket.destroy());
  });
  return server.listen(join(root, id, 'shim-monitor.sock'), () => {
    if (++listening === count) {
      process.stdout.write('listening\n');
    }
  });
});
process.stdin.resume().on('end', () => {
  for (const server of servers) {
    server.close();
  }
  process.exit();
});

function toAnswer(body: Buffer): Buffer {
  const parts: Buffer[] = [
    Buffer.from('HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\nTransfer-Encoding: chunked\r\n\r\n'),
  ];
  for (let at = 0; at < body.length; at += CHUNK_BYTES) {
    const chunk = body.subarray(at, at + CHUNK_BYTES);
    parts.push(Buffer.from(`${chunk.length.toString(16)}\r\n`), chunk, Buffer.from('\r\n'));
  }
  return Buffer.concat([...parts, Buffer.from('0\r\n\r\n')]);
}
