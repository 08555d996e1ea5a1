/**
 * Sends notifications to the service manager that started this process: sd_notify(3). This process itself sends them, so
 * that NotifyAccess=main suffices. Node.js has no datagram sockets in the file system; those of the C library are called
 * by koffi, which is loaded only if a service manager waits for notifications (10 ms and 2.4 MB, once).
 */
import { getSystemErrorName } from 'node:util';

/** sys/socket.h of Linux, the same on every processor that Node.js runs on. */
const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;
/** Size of a path in sockaddr_un: unix(7). */
const MAX_PATH_BYTES = 108;

type SendDatagram = (message: Buffer) => void;

/** Undefined where no service manager waits for notices. Takes its variables out of `env`. Rejects when the socket cannot be used. */
export async function openServiceManager(env: NodeJS.ProcessEnv, pid: number): Promise<ServiceManager | undefined> {
  const { NOTIFY_SOCKET: path, WATCHDOG_USEC: watchdogUs, WATCHDOG_PID: watchdogPid = String(pid) } = env;
  for (const name of ['NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID']) {
    delete env[name];
  }
  if (path === undefined || path === '') {
    return undefined;
  }
  const watchdogMs = watchdogPid === String(pid) ? Number(watchdogUs ?? 0) / 1000 : 0;
  return new ServiceManager(await openSocket(path), watchdogMs > 0 ? watchdogMs : undefined);
}

/** Sends the notifications of one service. */
export class ServiceManager {
  readonly #send: SendDatagram;
  readonly #watchdogMs: number | undefined;
  #watchdog: NodeJS.Timeout | undefined;

  /** `watchdogMs`: the service manager treats the service as dead if it gets no notification for this time. */
  constructor(send: SendDatagram, watchdogMs: number | undefined) {
    this.#send = send;
    this.#watchdogMs = watchdogMs;
  }

  /** The service responds. `status` is for people; it is shown by `systemctl status`. */
  sayReady(status: string): void {
    this.#sendLines('READY=1', `STATUS=${status.replaceAll('\n', ' ')}`);
    if (this.#watchdogMs !== undefined) {
      // Half the time, as sd_watchdog_enabled(3) has it: one notice may be late.
      this.#watchdog = setInterval(() => this.#sayAlive(), this.#watchdogMs / 2).unref();
    }
  }

  /** The service has begun to end. */
  sayStopping(): void {
    clearInterval(this.#watchdog);
    this.#sendLines('STOPPING=1', 'STATUS=Ending');
  }

  #sayAlive(): void {
    try {
      this.#sendLines('WATCHDOG=1');
    } catch {
      // Its queue is full or it restarts: the next notice says the same.
    }
  }

  #sendLines(...lines: readonly string[]): void {
    this.#send(Buffer.from(lines.map((line) => `${line}\n`).join('')));
  }
}

async function openSocket(path: string): Promise<SendDatagram> {
  const address = toSocketAddress(path);
  const { default: koffi } = await import('koffi');
  // The C library that this very process runs with.
  const library = koffi.load(null);
  const socket = library.func('int socket(int, int, int)');
  const sendTo = library.func('intptr_t sendto(int, const void *, size_t, int, const void *, uint32_t)');
  const check = (call: string, result: number): number => {
    if (result < 0) {
      throw new Error(`Cannot reach NOTIFY_SOCKET "${path}": ${call} ${getSystemErrorName(-koffi.errno())}`);
    }
    return result;
  };
  const descriptor = check('socket', socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  // Never waits: a service manager that hangs must not make its services hang.
  return (message) => {
    const flags = MSG_DONTWAIT | MSG_NOSIGNAL;
    check('sendto', sendTo(descriptor, message, message.length, flags, address, address.length));
  };
}

/** struct sockaddr_un; a name with `@` is in the abstract namespace. @throws {RangeError} for an invalid address. */
export function toSocketAddress(path: string): Buffer {
  const name = Buffer.from(path.replace(/^@/, '\0'));
  if (!/^[/@]./.test(path) || name.length > MAX_PATH_BYTES) {
    throw new RangeError(`Variable NOTIFY_SOCKET must be an absolute path or "@" and a name, got "${path}"`);
  }
  // In the order of bytes of this processor.
  return Buffer.concat([Buffer.from(new Uint16Array([AF_UNIX]).buffer), name]);
}
