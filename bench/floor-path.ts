/**
 * The lower limit of what a shim or an agent can cost: reads the files of /proc that it reads, and responds with bytes of the same
 * number, without parsing anything. `node bench/floor-path.ts <socket> <response bytes> <file> …` serves GET and exits when its
 * standard input ends.
 */
import { closeSync, openSync, readdirSync, readSync, statSync } from 'node:fs';
import { createServer } from 'node:http';

const READ_BUFFER_BYTES = 256 * 1024;

const [socketPath = '', bytesText = '', ...paths] = process.argv.slice(2);
const response = Buffer.alloc(Number(bytesText), 'x');
const buffer = Buffer.alloc(READ_BUFFER_BYTES);

function read(path: string): void {
  if (statSync(path).isDirectory()) {
    readdirSync(path);
    return;
  }
  const fd = openSync(path, 'r');
  while (readSync(fd, buffer) > 0) {
    // Nothing is kept.
  }
  closeSync(fd);
}

const server = createServer((_request, reply) => {
  paths.forEach(read);
  reply.writeHead(200, { 'content-length': response.length });
  reply.end(response);
});
server.listen(socketPath, () => process.stdout.write('ready\n'));
process.stdin.on('end', () => process.exit()).resume();
