/**
 * Names and addresses of exporters in a guest, in the form of `--guest-exporter`, and the path with which the monitor
 * requests one from a shim.
 */

/** Address at which the agent reads an exporter: on the loopback interface of the guest, or on a socket in it. */
export type ExporterTarget =
  | { readonly kind: 'port'; readonly port: number; readonly path: string }
  | { readonly kind: 'socket'; readonly socketPath: string; readonly path: string };

const DEFAULT_PATH = '/metrics';
const MAX_PORT = 65_535;

/** A label value that needs no quotes anywhere. */
const namePattern = /^[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?$/;
/** Letters that need no escaping in a query: the shim's client sends nothing else. */
const portPattern = /^(\d{1,5})((?:\/[A-Za-z0-9_.-]{1,64}){0,4})$/;
/** A socket's path has at most 107 bytes. */
const socketPattern = /^unix:((?:\/[A-Za-z0-9_.-]{1,64}){1,8})$/;
const MAX_SOCKET_PATH_BYTES = 107;

/** The path of a shim with the name and the address of an exporter. */
const exporterPathPattern = /^\/guest-exporter\?name=([a-z0-9_-]{1,63})&address=([A-Za-z0-9_./:-]{1,280})$/;

/** Lower-case letters, digits, "-" and "_", at most 63 characters, a letter or a digit at both ends. */
export function isExporterName(text: string): boolean {
  return namePattern.test(text);
}

/** `9100`, `9100/path` or `unix:/path/of.sock`; undefined for anything else. */
export function parseExporterAddress(text: string): ExporterTarget | undefined {
  const [, socketPath] = socketPattern.exec(text) ?? [];
  if (socketPath !== undefined) {
    const isUsable = socketPath.length <= MAX_SOCKET_PATH_BYTES && !hasDots(socketPath);
    return isUsable ? { kind: 'socket', socketPath, path: DEFAULT_PATH } : undefined;
  }
  const [, digits, path = ''] = portPattern.exec(text) ?? [];
  const port = Number(digits);
  if (digits === undefined || port < 1 || port > MAX_PORT || hasDots(path)) {
    return undefined;
  }
  return { kind: 'port', port, path: path === '' ? DEFAULT_PATH : path };
}

/** Whether a part of the path is `.` or `..`. */
function hasDots(path: string): boolean {
  return path.split('/').some((part) => part === '.' || part === '..');
}

/** `name` and `address` must be valid. */
export function formatExporterPath(name: string, address: string): `/guest-exporter?${string}` {
  return `/guest-exporter?name=${name}&address=${address}`;
}

/** The opposite; undefined when the name or the address is invalid. */
export function parseExporterPath(path: string): { readonly name: string; readonly address: string } | undefined {
  const [, name = '', address = ''] = exporterPathPattern.exec(path) ?? [];
  return isExporterName(name) && parseExporterAddress(address) !== undefined ? { name, address } : undefined;
}
