/**
 * A port of 127.0.0.1 on which no process listens, for programs that do not print which one they got for 0.
 */
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';

const FIRST_PORT = 10_000;
/** Of ports that are looked at; 0 gets one from the kernel if the last of them is in use too. */
const TRIES = 20;

/**
 * Not from the range from which the kernel takes ports for 0 and for clients: another program of a test could get it before the one
 * for which it is. See ip_local_port_range in Documentation/networking/ip-sysctl.rst of the kernel.
 */
export async function findFreePort(): Promise<number> {
  const [firstOfKernel = 0] = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').split(/\s+/).map(Number);
  for (let at = 0; at < TRIES && firstOfKernel > FIRST_PORT; at++) {
    const port = await tryPort(randomInt(FIRST_PORT, firstOfKernel));
    if (port !== undefined) {
      return port;
    }
  }
  return (await tryPort(0))!;
}

/** Undefined when it is in use. */
async function tryPort(port: number): Promise<number | undefined> {
  const server = createServer();
  server.listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch {
    return undefined;
  }
  const { port: found } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return found;
}
