/**
 * A port of virtio-serial in the guest: found by its name in sysfs, read and written by libuv. Called for `serial://`
 * addresses. See drivers/char/virtio_console.c of Linux: while no process on the host has opened the port, it reports
 * POLLHUP, reads return 0 bytes, and writes would block; so nothing is read or written until then.
 */
import { closeSync, constants, openSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { adoptStream } from '../adopt-descriptor.ts';
import { type Libc, loadLibc } from '../libc.ts';
import { TransportError } from '../transport-error.ts';
import { waitForPeer } from '../wait-for-descriptor.ts';
import { serveSessions } from './guest-side.ts';

const PORTS_PATH = '/sys/class/virtio-ports';

/**
 * Accepts sessions on the port with that name.
 * @throws {TransportError} or the system error: EBUSY if it is in use.
 */
export async function listenOnPort(
  name: string,
  onConnection: (stream: Duplex) => void,
): Promise<{ close: () => Promise<void> }> {
  const device = findPort(name);
  if (device === undefined) {
    throw new TransportError(
      'not_there',
      `Cannot listen on "serial://${name}": no port of virtio-serial has that name`,
    );
  }
  const libc = await loadLibc();
  const descriptor = openSync(join('/dev', device), constants.O_RDWR | constants.O_NONBLOCK | constants.O_NOCTTY);
  const closing = new AbortController();
  const served = serveHosts(libc, descriptor, closing.signal, onConnection).finally(() => closeSync(descriptor));
  return {
    close: () => {
      closing.abort();
      return served;
    },
  };
}

/** The device's name below /dev, such as `vport0p1`. */
export function findPort(name: string, portsPath: string = PORTS_PATH): string | undefined {
  try {
    return readdirSync(portsPath).find((device) => readPortName(join(portsPath, device, 'name')) === name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      return undefined;
    }
    throw error;
  }
}

/** Undefined for a port without a name, such as a console. */
function readPortName(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      return undefined;
    }
    throw error;
  }
}

/**
 * Serves one host after the other. The port stays open in between, so that the first bytes of the next host are not lost.
 */
async function serveHosts(
  libc: Libc,
  descriptor: number,
  signal: AbortSignal,
  onConnection: (stream: Duplex) => void,
): Promise<void> {
  while (!signal.aborted) {
    try {
      await waitForPeer(libc, descriptor, signal);
    } catch (error) {
      if (signal.aborted) {
        return;
      }
      throw error;
    }
    await serveSessions(adoptStream(libc, libc.duplicateDescriptor(descriptor)), signal, onConnection);
  }
}
