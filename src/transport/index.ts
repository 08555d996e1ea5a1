/**
 * Addresses to streams: unix sockets, AF_VSOCK, hybrid vsock, and ports of virtio-serial; docs/transports.md.
 */
export { type Address, formatAddress, parseAddress } from './address.ts';
export { adoptStream } from './adopt-descriptor.ts';
export { bindUnixSocket } from './bind-unix-socket.ts';
export { dial } from './dial.ts';
export { dialUnix } from './dial-unix.ts';
export type { DialOptions } from './dial-within.ts';
export { AF_UNIX, type Libc, loadLibc, type WaitStatus } from './libc.ts';
export { type Listener, listen } from './listen.ts';
export { LINE_CLOSED, TransportError, type TransportErrorCode } from './transport-error.ts';
