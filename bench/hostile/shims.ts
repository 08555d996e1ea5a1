/**
 * The sandboxes of one row: `node bench/hostile/shims.ts <root> <row> <healthy>` serves the row's responses and as many
 * healthy ones on `<root>/<id>/shim-monitor.sock`. Prints one line when all sockets listen, ends with its standard input.
 * Without a row, `-`, all are healthy.
 */
import { mkdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { makeSandboxIds } from '../sandbox-ids.ts';
import { bodyPath } from '../shims-under-test.ts';
import type { HostileRow } from './row.ts';
import { rows } from './rows.ts';

const [root = '', rowName = '', healthyText = ''] = process.argv.slice(2);
const healthyBody = readFileSync(bodyPath);
const healthy: HostileRow['respond'] = () => ({ body: healthyBody });
const row = rows.find(({ name }) => name === rowName);
const hostile = row === undefined ? 0 : (row.sandboxes ?? 1);
const count = hostile + Number(healthyText);

let listening = 0;
makeSandboxIds(count).forEach((id, index) => {
  const respond = row !== undefined && index < hostile ? row.respond : healthy;
  let requests = 0;
  mkdirSync(join(root, id), { recursive: true });
  const server = createServer((socket) => {
    // A request is one small GET: it comes in one piece.
    socket.on('data', () => {
      const { head, body, delayMs = 0 } = respond(index, requests++);
      setTimeout(() => socket.write(Buffer.concat([head ?? headOf(body), body])), delayMs);
    });
    socket.on('error', () => socket.destroy());
  });
  server.listen(join(root, id, 'shim-monitor.sock'), () => {
    if (++listening === count) {
      process.stdout.write('listening\n');
    }
  });
});
process.stdin.resume().on('end', () => process.exit());

function headOf(body: Buffer): Buffer {
  return Buffer.from(`HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: ${body.length}\r\n\r\n`);
}
