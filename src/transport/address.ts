/**
 * Addresses of an agent as text and as data. Called where an address is parsed from a flag or printed for
 * `/agent-url`; never touches the system.
 */

import { basename } from 'node:path';
import { MAX_SOCKET_ADDRESS_BYTES, MAX_SOCKET_PATH_BYTES, maxSocketNameBytes } from '../socket-path/index.ts';

/**
 * `unix`: a socket file. `vsock`: AF_VSOCK. `hvsock`: the hybrid vsock of Firecracker and Cloud Hypervisor, a socket file
 * on the host, followed by a port. `serial`: a port of virtio-serial in the guest, by its name. `serial+unix`: the same
 * port on the host, where the hypervisor has it as a socket file; both speak the protocol of docs/transports.md.
 * `remote`: a socket file of the program that forwards to a peer pod, a virtual machine elsewhere.
 */
export type Address =
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'vsock'; readonly cid: number; readonly port: number }
  | { readonly kind: 'hvsock'; readonly path: string; readonly port: number }
  | { readonly kind: 'serial'; readonly port: string }
  | { readonly kind: 'serial+unix'; readonly path: string }
  | { readonly kind: 'remote'; readonly path: string };

/** VMADDR_CID_ANY of vsock(7), written `-1` in the guest agent's own configuration. */
const ANY_CID = 0xffff_ffff;

const MAX_U32 = 0xffff_ffff;

/** Valid names of ports, which are safe in paths of sysfs and in messages. */
const PORT_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;

const FORMS =
  'unix://<path>, vsock://<cid>:<port>, hvsock://<path>:<port>, serial://<port name>, serial+unix://<path> or remote://<path>';

/**
 * Reads an address. Paths are absolute.
 * @throws {TypeError} that quotes the text and says what is wrong with it.
 */
export function parseAddress(text: string): Address {
  const match = /^([a-z+]+):\/\/(.*)$/s.exec(text);
  const [, scheme, rest = ''] = match ?? [];
  switch (scheme) {
    case 'unix':
    case 'serial+unix':
    case 'remote':
      return { kind: scheme, path: checkSocketPath(text, rest) };
    case 'serial':
      return { kind: 'serial', port: checkPortName(text, rest) };
    case 'vsock':
      return parseVsock(text, rest);
    case 'hvsock':
      return parseHybridVsock(text, rest);
    default:
      throw new TypeError(`Cannot read address "${text}": expected ${FORMS}`);
  }
}

/** The text that `parseAddress` reads back as the same address. */
export function formatAddress(address: Address): string {
  switch (address.kind) {
    case 'unix':
    case 'serial+unix':
    case 'remote':
      return `${address.kind}://${address.path}`;
    case 'serial':
      return `serial://${address.port}`;
    case 'vsock':
      return `vsock://${address.cid}:${address.port}`;
    case 'hvsock':
      return `hvsock://${address.path}:${address.port}`;
  }
}

function parseVsock(text: string, rest: string): Address {
  const [, cidText, portText] = /^(-1|\d+):(\d+)$/.exec(rest) ?? [];
  if (cidText === undefined || portText === undefined) {
    throw new TypeError(`Cannot read address "${text}": expected vsock://<cid>:<port>`);
  }
  const cid = cidText === '-1' ? ANY_CID : parseU32(text, 'cid', cidText);
  return { kind: 'vsock', cid, port: parseU32(text, 'port', portText) };
}

function parseHybridVsock(text: string, rest: string): Address {
  const colon = rest.lastIndexOf(':');
  const [path, portText] = [rest.slice(0, Math.max(0, colon)), rest.slice(colon + 1)];
  if (colon < 0 || !/^\d+$/.test(portText)) {
    throw new TypeError(`Cannot read address "${text}": expected hvsock://<path>:<port>`);
  }
  return { kind: 'hvsock', path: checkSocketPath(text, path), port: parseU32(text, 'port', portText) };
}

function parseU32(text: string, what: string, digits: string): number {
  const value = Number(digits);
  if (value > MAX_U32) {
    throw new TypeError(`Cannot read address "${text}": ${what} ${digits} is greater than ${MAX_U32}`);
  }
  return value;
}

function checkPortName(text: string, name: string): string {
  if (!PORT_NAME.test(name)) {
    throw new TypeError(
      `Cannot read address "${text}": port name "${name}" is not 1 to 128 of letters, digits, ".", "_" and "-"`,
    );
  }
  return name;
}

function checkSocketPath(text: string, path: string): string {
  if (!path.startsWith('/')) {
    throw new TypeError(`Cannot read address "${text}": path "${path}" is not absolute`);
  }
  if (path.includes('\0')) {
    throw new TypeError(`Cannot read address "${text}": path holds a NUL`);
  }
  const bytes = Buffer.byteLength(path);
  if (bytes > MAX_SOCKET_PATH_BYTES) {
    throw new TypeError(
      `Cannot read address "${text}": path has ${bytes} bytes, at most ${MAX_SOCKET_PATH_BYTES} are possible`,
    );
  }
  const nameBytes = Buffer.byteLength(basename(path));
  if (bytes > MAX_SOCKET_ADDRESS_BYTES && nameBytes > maxSocketNameBytes) {
    throw new TypeError(
      `Cannot read address "${text}": the last part of a path of ${bytes} bytes has ${nameBytes}, a socket's has at most ${maxSocketNameBytes} there`,
    );
  }
  return path;
}
