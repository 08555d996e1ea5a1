/**
 * AF_VSOCK, both sides: vsock(7). Called for `vsock://` addresses. Works where Node.js has koffi, on either side of a
 * virtual machine, and within one by CID 1 where vsock_loopback is loaded.
 */
import type { Server, Socket } from 'node:net';
import { endianness } from 'node:os';
import { adoptListener, adoptStream } from './adopt-descriptor.ts';
import { AF_VSOCK, EPOLLOUT, loadLibc } from './libc.ts';
import { waitForEvents } from './wait-for-descriptor.ts';

export interface VsockAddress {
  readonly cid: number;
  readonly port: number;
}

/** struct sockaddr_vm in the machine's byte order: family u16, reserved u16, port u32, cid u32, 4 zero bytes. */
const ADDRESS_BYTES = 16;
const PORT_WORD = 1;
const CID_WORD = 2;

/** @throws {Error} the system error: ECONNRESET when no process listens there, ENODEV when there is no such machine. */
export async function connectVsock(address: VsockAddress, signal: AbortSignal): Promise<Socket> {
  const libc = await loadLibc();
  const descriptor = libc.openSocket(AF_VSOCK);
  try {
    if (!libc.connectSocket(descriptor, encodeAddress(address))) {
      await waitForEvents(libc, descriptor, EPOLLOUT, signal);
      libc.checkSocket(descriptor);
    }
  } catch (error) {
    libc.closeDescriptor(descriptor);
    throw error;
  }
  return adoptStream(libc, descriptor);
}

/** Listens; the server emits `listening`. Port 4294967295 is any: the returned address has the chosen port. */
export async function listenVsock(
  address: VsockAddress,
  onConnection: (socket: Socket) => void,
): Promise<{ server: Server; address: VsockAddress }> {
  const libc = await loadLibc();
  const descriptor = libc.openSocket(AF_VSOCK);
  const bytes = Buffer.alloc(ADDRESS_BYTES);
  try {
    libc.bindSocket(descriptor, encodeAddress(address));
    libc.readOwnAddress(descriptor, bytes);
  } catch (error) {
    libc.closeDescriptor(descriptor);
    throw error;
  }
  return { server: adoptListener(libc, descriptor, onConnection), address: decodeAddress(bytes) };
}

export function encodeAddress({ cid, port }: VsockAddress): Buffer {
  const words = new Uint32Array(ADDRESS_BYTES / Uint32Array.BYTES_PER_ELEMENT);
  // The family is the first half of the first word.
  words[0] = endianness() === 'LE' ? AF_VSOCK : AF_VSOCK << 16;
  words[PORT_WORD] = port;
  words[CID_WORD] = cid;
  return Buffer.from(words.buffer);
}

function decodeAddress(bytes: Buffer): VsockAddress {
  const words = new Uint32Array(Uint8Array.from(bytes).buffer);
  return { cid: words[CID_WORD]!, port: words[PORT_WORD]! };
}
