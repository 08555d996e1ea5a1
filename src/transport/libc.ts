/**
 * The few calls of the C library for which Node.js has no door, by koffi. Loaded when an address of vsock or serial is
 * used, for it costs 3 MB of memory. None of these calls waits: descriptors do not block, and waiting is libuv's.
 */
import { constants } from 'node:os';

/** sys/socket.h and sys/epoll.h of Linux; the same on x86-64 and arm64. */
export const AF_UNIX = 1;
export const AF_VSOCK = 40;
const SOCK_STREAM = 1;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const O_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SO_ERROR = 4;
const EPOLL_CTL_ADD = 1;
export const EPOLLIN = 0x001;
export const EPOLLOUT = 0x004;
/** Told without being asked for. */
export const EPOLLHUP = 0x010;
export const EPOLLET = 0x8000_0000;

/** struct epoll_event is packed on x86-64 (12 bytes) and not on arm64 (16); events come first, and data is not used. */
const EPOLL_EVENT_BYTES = 16;
const SOCKET_FLAGS = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;

const UINT32_BYTES = Uint32Array.BYTES_PER_ELEMENT;

/** Each gives what the call gives, and throws an Error with `code` and `syscall` when that is negative. */
type Calls = Readonly<Record<keyof typeof SIGNATURES, (...values: unknown[]) => number>>;

/** Parameters as koffi reads them: `_Out_` and `_Inout_` are arrays that it fills, `void *` is a Buffer's own memory. */
const SIGNATURES = {
  socket: 'int, int, int',
  socketpair: 'int, int, int, _Out_ int *',
  bind: 'int, const void *, uint',
  listen: 'int, int',
  connect: 'int, const void *, uint',
  getsockopt: 'int, int, int, _Out_ int *, _Inout_ uint *',
  getsockname: 'int, void *, _Inout_ uint *',
  dup: 'int',
  dup3: 'int, int, int',
  epoll_create1: 'int',
  epoll_ctl: 'int, int, int, const void *',
  epoll_wait: 'int, void *, int, int',
  close: 'int',
} as const;

let loading: Promise<Libc> | undefined;

/** Rejects when koffi is not installed, or has no library for this machine. */
export function loadLibc(): Promise<Libc> {
  loading ??= bindCalls().then((calls) => new Libc(calls));
  return loading;
}

async function bindCalls(): Promise<Calls> {
  const { default: koffi } = await import('koffi');
  // The C library that this very process runs with.
  const library = koffi.load(null);
  const bound = Object.entries(SIGNATURES).map(([name, parameters]) => {
    const call = library.func(`int ${name}(${parameters})`);
    const checked = (...values: unknown[]): number => {
      const result: number = call(...values);
      if (result < 0) {
        throw toSystemError(name, koffi.errno());
      }
      return result;
    };
    return [name, checked] as const;
  });
  return Object.fromEntries(bound) as Calls;
}

/** All throw an Error with `code` (such as `ECONNREFUSED`) and `syscall`, as Node.js' own do. Descriptors are numbers. */
export class Libc {
  readonly #calls: Calls;

  constructor(calls: Calls) {
    this.#calls = calls;
  }

  /** A stream socket that does not block. */
  openSocket(family: number): number {
    return this.#calls.socket(family, SOCKET_FLAGS, 0);
  }

  /** Two connected unix sockets that do not block. */
  openSocketPair(): [number, number] {
    const pair: [number, number] = [0, 0];
    this.#calls.socketpair(AF_UNIX, SOCKET_FLAGS, 0, pair);
    return pair;
  }

  bindSocket(descriptor: number, address: Buffer): void {
    this.#calls.bind(descriptor, address, address.length);
  }

  listenOn(descriptor: number, backlog: number): void {
    this.#calls.listen(descriptor, backlog);
  }

  /** False: it is under way, and `checkSocket` knows the outcome when the socket can be written to. */
  connectSocket(descriptor: number, address: Buffer): boolean {
    try {
      this.#calls.connect(descriptor, address, address.length);
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EINPROGRESS') {
        return false;
      }
      throw error;
    }
  }

  /** Throws the error that the socket has, if it has one. */
  checkSocket(descriptor: number): void {
    const errno: [number] = [0];
    this.#calls.getsockopt(descriptor, SOL_SOCKET, SO_ERROR, errno, [UINT32_BYTES]);
    if (errno[0] !== 0) {
      throw toSystemError('connect', errno[0]);
    }
  }

  /** Fills `address`. */
  readOwnAddress(descriptor: number, address: Buffer): void {
    this.#calls.getsockname(descriptor, address, [address.length]);
  }

  /** Makes `target` mean what `source` does, which it closes. */
  moveDescriptor(source: number, target: number): void {
    this.#calls.dup3(source, target, O_CLOEXEC);
    this.closeDescriptor(source);
  }

  /** Another number for the same open file. */
  duplicateDescriptor(descriptor: number): number {
    return this.#calls.dup(descriptor);
  }

  /** A descriptor that can be read while `descriptor` has one of `events`. Closing one does not close the other. */
  openEpoll(descriptor: number, events: number): number {
    const epoll = this.#calls.epoll_create1(O_CLOEXEC);
    const event = new Uint32Array(EPOLL_EVENT_BYTES / UINT32_BYTES);
    event[0] = events;
    try {
      this.#calls.epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, event);
    } catch (error) {
      this.closeDescriptor(epoll);
      throw error;
    }
    return epoll;
  }

  /** The events that are there now, 0 for none; those that are only told at their edge are taken by asking. */
  takeEpollEvents(epoll: number): number {
    const event = new Uint32Array(EPOLL_EVENT_BYTES / UINT32_BYTES);
    return this.#calls.epoll_wait(epoll, event, 1, 0) === 0 ? 0 : event[0]!;
  }

  closeDescriptor(descriptor: number): void {
    this.#calls.close(descriptor);
  }
}

/** util.getSystemErrorName knows only what libuv can give, and EINPROGRESS is not of it. */
const ERRNO_NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(constants.errno).map(([name, errno]) => [errno, name]),
);

function toSystemError(syscall: string, errno: number): NodeJS.ErrnoException {
  const code = ERRNO_NAMES.get(errno) ?? `errno ${errno}`;
  return Object.assign(new Error(`${syscall} ${code}`), { errno: -errno, code, syscall });
}
