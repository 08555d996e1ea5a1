/**
 * A port of 127.0.0.1 on which no process listens, for programs that do not print which one they got for 0. It is below those
 * that the kernel gives away, so that nothing else gets it before it is used, or while it is to be free.
 */
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';

/** From here to those that the kernel gives away. */
const FIRST_PORT = 20_000;

/** See ip_local_port_range in Documentation/networking/ip-sysctl of the kernel. */
function firstOfKernel(): number {
  return Number.parseInt(readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8'), 10);
}

export async function findFreePort(): Promise<number> {
  const limit = firstOfKernel();
  for (;;) {
    const port = await tryPort(limit > FIRST_PORT ? randomInt(FIRST_PORT, limit) : 0);
    if (port !== undefined) {
      return port;
    }
  }
}

/** Undefined if it is taken. */
async function tryPort(port: number): Promise<number | undefined> {
  const server = createServer();
  server.listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') {
      return undefined;
    }
    throw error;
  }
  const { port: found } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return found;
}
