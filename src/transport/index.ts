/**
 * Addresses to streams. Unix sockets work; vsock, hvsock and serial are known as addresses and refused when used.
 */
export { type Address, formatAddress, MAX_SOCKET_PATH_BYTES, parseAddress } from './address.ts';
export { bindUnixSocket } from './bind-unix-socket.ts';
export { type DialOptions, dial, dialUnix } from './dial.ts';
export { type Listener, listen } from './listen.ts';
export { TransportError, type TransportErrorCode } from './transport-error.ts';
