/**
 * The few calls of the C library that Node.js does not expose, by koffi. Loaded only for an address of vsock or serial,
 * because it costs 3 MB of memory. None of these calls blocks: the descriptors are non-blocking, and libuv waits.
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
/** Reported without being requested. */
export const EPOLLHUP = 0x010;
export const EPOLLET = 0x8000_0000;
/** sys/prctl.h, sys/wait.h, asm-generic/ioctls.h and sys/socket.h. */
const PR_SET_CHILD_SUBREAPER = 36;
const WNOHANG = 1;
/** linux/fcntl.h: F_LINUX_SPECIFIC_BASE and 6. */
const F_DUPFD_CLOEXEC = 1030;
const TIOCSWINSZ = 0x5414;
const SCM_RIGHTS = 1;
const MSG_CMSG_CLOEXEC = 0x4000_0000;
/** struct msghdr and struct cmsghdr of 64-bit Linux: see recvmsg(2) and cmsg(3). */
const MSGHDR_BYTES = 56;
const CMSGHDR_BYTES = 16;
const CONTROL_BYTES = 64;
const IOVEC_BYTES = 16;

/** struct epoll_event is packed on x86-64 (12 bytes) and not on arm64 (16); events come first, and data is not used. */
const EPOLL_EVENT_BYTES = 16;
const SOCKET_FLAGS = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;

const UINT32_BYTES = Uint32Array.BYTES_PER_ELEMENT;

/** Each function returns the result of the call, and throws an Error with `code` and `syscall` if it is negative. */
type Calls = Readonly<Record<keyof typeof SIGNATURES, (...values: unknown[]) => number>>;

/** Returns the address of the memory of a buffer. */
type AddressOf = (buffer: Buffer) => bigint;

/** Parameters as koffi reads them: `_Out_` and `_Inout_` are arrays that it fills, `void *` is a Buffer's own memory. */
const SIGNATURES = {
  socket: 'int, int, int',
  socketpair: 'int, int, int, _Out_ int *',
  bind: 'int, const void *, uint',
  listen: 'int, int',
  connect: 'int, const void *, uint',
  getsockopt: 'int, int, int, _Out_ int *, _Inout_ uint *',
  getsockname: 'int, void *, _Inout_ uint *',
  fcntl: 'int, int, int',
  dup3: 'int, int, int',
  epoll_create1: 'int',
  epoll_ctl: 'int, int, int, const void *',
  epoll_wait: 'int, void *, int, int',
  close: 'int',
  accept4: 'int, void *, void *, int',
  recvmsg: 'int, void *, int',
  ioctl: 'int, ulong, void *',
  pipe2: '_Out_ int *, int',
  prctl: 'int, ulong, ulong, ulong, ulong',
  waitpid: 'int, _Out_ int *, int',
} as const;

/** How a child process ended. */
export interface WaitStatus {
  /** The exit code, or 128 and the number of the signal that ended it. */
  readonly status: number;
}

let loading: Promise<Libc> | undefined;

/** Rejects when koffi is not installed, or has no library for this machine. */
export function loadLibc(): Promise<Libc> {
  loading ??= bindCalls().then(({ calls, addressOf }) => new Libc(calls, addressOf));
  return loading;
}

async function bindCalls(): Promise<{ calls: Calls; addressOf: AddressOf }> {
  const { default: koffi } = await import('koffi');
  // The C library that this very process runs with.
  const library = koffi.load(null);
  const calls = Object.entries(SIGNATURES).map(([name, parameters]) => {
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
  return { calls: Object.fromEntries(calls) as Calls, addressOf: (buffer) => BigInt(koffi.address(buffer)) };
}

/** All throw an Error with `code` (such as `ECONNREFUSED`) and `syscall`, as Node.js' own do. Descriptors are numbers. */
export class Libc {
  readonly #calls: Calls;
  readonly #addressOf: AddressOf;

  constructor(calls: Calls, addressOf: AddressOf) {
    this.#calls = calls;
    this.#addressOf = addressOf;
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

  /** @throws the error that the socket has, if it has one. */
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

  /** Another number for the same open file, closed in programs that are started as all others are. */
  duplicateDescriptor(descriptor: number): number {
    return this.#calls.fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
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

  /** The current events, 0 for none; edge-triggered events are cleared by this call. */
  takeEpollEvents(epoll: number): number {
    const event = new Uint32Array(EPOLL_EVENT_BYTES / UINT32_BYTES);
    return this.#calls.epoll_wait(epoll, event, 1, 0) === 0 ? 0 : event[0]!;
  }

  closeDescriptor(descriptor: number): void {
    this.#calls.close(descriptor);
  }

  /** The two ends of a pipe, the one that is read first. They block, and are closed in programs that are started. */
  openPipe(): [number, number] {
    const ends: [number, number] = [0, 0];
    this.#calls.pipe2(ends, O_CLOEXEC);
    return ends;
  }

  /** From now on, processes whose parent has ended become children of this process instead of the first process. */
  becomeSubreaper(): void {
    this.#calls.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  }

  /**
   * Undefined while the child runs.
   * @throws {Error} the system error, ECHILD for a process that is no child.
   */
  waitForChild(pid: number): WaitStatus | undefined {
    const words: [number] = [0];
    if (this.#calls.waitpid(pid, words, WNOHANG) === 0) {
      return undefined;
    }
    const signal = words[0] & 0x7f;
    return { status: signal === 0 ? (words[0] >> 8) & 0xff : 128 + signal };
  }

  /** Takes a connection that waits at a listening socket. */
  acceptConnection(descriptor: number): number {
    return this.#calls.accept4(descriptor, null, null, SOCK_CLOEXEC);
  }

  /**
   * A descriptor that the other side of a unix socket has sent by SCM_RIGHTS; see unix(7).
   * @throws {Error} without one.
   */
  receiveDescriptor(descriptor: number): number {
    const data = Buffer.alloc(256);
    const control = Buffer.alloc(CONTROL_BYTES);
    const vector = Buffer.alloc(IOVEC_BYTES);
    vector.writeBigUInt64LE(this.#addressOf(data), 0);
    vector.writeBigUInt64LE(BigInt(data.length), 8);
    const header = Buffer.alloc(MSGHDR_BYTES);
    header.writeBigUInt64LE(this.#addressOf(vector), 16);
    header.writeBigUInt64LE(1n, 24);
    header.writeBigUInt64LE(this.#addressOf(control), 32);
    header.writeBigUInt64LE(BigInt(control.length), 40);
    this.#calls.recvmsg(descriptor, header, MSG_CMSG_CLOEXEC);
    const isThere = control.readBigUInt64LE(0) >= CMSGHDR_BYTES + UINT32_BYTES;
    if (!isThere || control.readInt32LE(8) !== SOL_SOCKET || control.readInt32LE(12) !== SCM_RIGHTS) {
      throw new Error('Expected a file descriptor from the other side of a socket, got none');
    }
    return control.readInt32LE(CMSGHDR_BYTES);
  }

  /** The size of a terminal, in characters. */
  resizeTerminal(descriptor: number, { rows, columns }: { readonly rows: number; readonly columns: number }): void {
    this.#calls.ioctl(descriptor, TIOCSWINSZ, Buffer.from(new Uint16Array([rows, columns, 0, 0]).buffer));
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
