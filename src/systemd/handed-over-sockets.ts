/**
 * Sockets that systemd has opened for this process and that listen already: sd_listen_fds(3), systemd.socket(5). Called
 * once, by a program that is about to listen.
 */
import { fstatSync } from 'node:fs';

export interface HandedOverSocket {
  readonly descriptor: number;
  /** FileDescriptorName= of the socket unit; without it, systemd takes the unit's name. */
  readonly name: string;
}

/** SD_LISTEN_FDS_START: the first behind standard input, output and error. */
const FIRST_DESCRIPTOR = 3;
/** Far more than the addresses of any service; a number that is larger is a mistake. */
const MAX_SOCKETS = 64;

/**
 * Empty when there are none, or when they are meant for another process. Takes the variables out of `env`, so that no
 * process that this one starts believes they are its own.
 * @throws {RangeError} when the variables cannot be, or a descriptor is no socket.
 */
export function takeHandedOverSockets(env: NodeJS.ProcessEnv, pid: number): HandedOverSocket[] {
  const { LISTEN_PID: meant, LISTEN_FDS: digits = '', LISTEN_FDNAMES: names } = env;
  for (const name of ['LISTEN_PID', 'LISTEN_FDS', 'LISTEN_FDNAMES', 'LISTEN_PIDFDID']) {
    delete env[name];
  }
  if (meant !== String(pid)) {
    return [];
  }
  const count = Number(digits);
  if (!/^\d+$/.test(digits) || count > MAX_SOCKETS) {
    throw new RangeError(`Variable LISTEN_FDS must be an integer from 0 to ${MAX_SOCKETS}, got "${digits}"`);
  }
  const nameOf = names?.split(':') ?? [];
  return Array.from({ length: count }, (_, i) => {
    const descriptor = FIRST_DESCRIPTOR + i;
    if (!isSocket(descriptor)) {
      throw new RangeError(`Variable LISTEN_FDS says "${digits}", but descriptor ${descriptor} is not a socket`);
    }
    return { descriptor, name: nameOf[i] ?? 'unknown' };
  });
}

function isSocket(descriptor: number): boolean {
  try {
    return fstatSync(descriptor).isSocket();
  } catch {
    return false; // not open
  }
}
