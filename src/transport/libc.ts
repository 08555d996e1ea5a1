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

/** All throw an Error with `code` (such as `ECONNREFUSED`) and `syscall`, as Node.js' own do. Descriptors are numbers. */
export interface Libc {
  /** A stream socket that does not block. */
  readonly openSocket: (family: number) => number;
  /** Two connected unix sockets. */
  readonly openSocketPair: () => [number, number];
  readonly bindSocket: (descriptor: number, address: Buffer) => void;
  readonly listenOn: (descriptor: number, backlog: number) => void;
  /** False: it is under way, and `readSocketError` knows the outcome when the socket can be written to. */
  readonly connectSocket: (descriptor: number, address: Buffer) => boolean;
  /** Throws the error of the socket, if it has one. */
  readonly checkSocket: (descriptor: number) => void;
  /** Fills `address`. */
  readonly readOwnAddress: (descriptor: number, address: Buffer) => void;
  /** Makes `target` mean what `source` does, which it closes. */
  readonly moveDescriptor: (source: number, target: number) => void;
  /** Another number for the same open file. */
  readonly duplicateDescriptor: (descriptor: number) => number;
  /** A descriptor that can be read while `descriptor` has one of `events`. Closing one does not close the other. */
  readonly openEpoll: (descriptor: number, events: number) => number;
  /** The events that are there now, 0 for none; those that are only told at their edge are taken by asking. */
  readonly takeEpollEvents: (epoll: number) => number;
  readonly closeDescriptor: (descriptor: number) => void;
}

let loading: Promise<Libc> | undefined;

/** Rejects when koffi is not installed, or has no library for this machine. */
export function loadLibc(): Promise<Libc> {
  loading ??= bindLibc();
  return loading;
}

async function bindLibc(): Promise<Libc> {
  const { default: koffi } = await import('koffi');
  // The C library that this very process runs with.
  const library = koffi.load(null);
  const bind = (name: string, parameters: string): ((...values: unknown[]) => number) => {
    const call = library.func(`int ${name}(${parameters})`);
    return (...values) => {
      const result: number = call(...values);
      if (result < 0) {
        throw toSystemError(name, koffi.errno());
      }
      return result;
    };
  };
  const socket = bind('socket', 'int, int, int');
  const socketPair = bind('socketpair', 'int, int, int, _Out_ int *');
  const bindTo = bind('bind', 'int, const void *, uint');
  const listen = bind('listen', 'int, int');
  const connect = bind('connect', 'int, const void *, uint');
  const getOption = bind('getsockopt', 'int, int, int, _Out_ int *, _Inout_ uint *');
  const getName = bind('getsockname', 'int, void *, _Inout_ uint *');
  const duplicate = bind('dup', 'int');
  const duplicateTo = bind('dup3', 'int, int, int');
  const createEpoll = bind('epoll_create1', 'int');
  const controlEpoll = bind('epoll_ctl', 'int, int, int, const void *');
  const waitForEpoll = bind('epoll_wait', 'int, void *, int, int');
  const close = bind('close', 'int');
  const closeDescriptor = (descriptor: number): void => {
    close(descriptor);
  };
  return {
    openSocket: (family) => socket(family, SOCKET_FLAGS, 0),
    openSocketPair: () => {
      const pair: [number, number] = [0, 0];
      socketPair(AF_UNIX, SOCKET_FLAGS, 0, pair);
      return pair;
    },
    bindSocket: (descriptor, address) => {
      bindTo(descriptor, address, address.length);
    },
    listenOn: (descriptor, backlog) => {
      listen(descriptor, backlog);
    },
    connectSocket: (descriptor, address) => {
      try {
        connect(descriptor, address, address.length);
        return true;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'EINPROGRESS') {
          return false;
        }
        throw error;
      }
    },
    checkSocket: (descriptor) => {
      const errno = [0];
      getOption(descriptor, SOL_SOCKET, SO_ERROR, errno, [4]);
      if (errno[0] !== undefined && errno[0] !== 0) {
        throw toSystemError('connect', errno[0]);
      }
    },
    readOwnAddress: (descriptor, address) => {
      getName(descriptor, address, [address.length]);
    },
    moveDescriptor: (source, target) => {
      duplicateTo(source, target, O_CLOEXEC);
      closeDescriptor(source);
    },
    duplicateDescriptor: (descriptor) => duplicate(descriptor),
    openEpoll: (descriptor, events) => {
      const epoll = createEpoll(O_CLOEXEC);
      const event = new Uint32Array(EPOLL_EVENT_BYTES / Uint32Array.BYTES_PER_ELEMENT);
      event[0] = events;
      try {
        controlEpoll(epoll, EPOLL_CTL_ADD, descriptor, event);
      } catch (error) {
        closeDescriptor(epoll);
        throw error;
      }
      return epoll;
    },
    takeEpollEvents: (epoll) => {
      const event = new Uint32Array(EPOLL_EVENT_BYTES / Uint32Array.BYTES_PER_ELEMENT);
      return waitForEpoll(epoll, event, 1, 0) === 0 ? 0 : event[0]!;
    },
    closeDescriptor,
  };
}

/** util.getSystemErrorName knows only what libuv can give, and EINPROGRESS is not of it. */
const ERRNO_NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(constants.errno).map(([name, errno]) => [errno, name]),
);

function toSystemError(syscall: string, errno: number): NodeJS.ErrnoException {
  const code = ERRNO_NAMES.get(errno) ?? `errno ${errno}`;
  return Object.assign(new Error(`${syscall} ${code}`), { errno: -errno, code, syscall });
}
