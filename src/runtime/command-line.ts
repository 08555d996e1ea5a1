/**
 * Parses the command line with which containerd starts a shim: flags in the form of Go programs, one action. Loads
 * nothing, because `start` and `delete` must be fast.
 */
import { ID_RULE, isId } from '../ids/index.ts';

export interface ShimCommand {
  readonly action: 'delete' | 'info' | 'serve' | 'start' | 'version';
  /** Namespace of containerd, a set of containers. */
  readonly namespace: string;
  readonly id: string;
  /** containerd's socket. */
  readonly address: string;
  /** The directory of the task; by default the working directory. */
  readonly bundlePath: string;
  readonly isDebug: boolean;
  /** Path to listen on, for `serve`. */
  readonly socketPath: string;
}

const VALUES = ['namespace', 'id', 'address', 'publish-binary', 'bundle', 'socket'] as const;
const FLAGS = ['debug', 'info', 'v'] as const;
const ACTIONS = ['delete', 'serve', 'start'] as const;

/** @throws {TypeError} that names the invalid flag or value. */
export function parseShimCommand(args: readonly string[], cwd: string): ShimCommand {
  const given = new Map<string, string>();
  let action: string | undefined;
  for (let at = 0; at < args.length; at++) {
    const [, name, value] = /^--?([a-z][a-z-]*)(?:=(.*))?$/s.exec(args[at]!) ?? [];
    if (name === undefined) {
      action ??= args[at];
    } else if (isOneOf(VALUES, name)) {
      given.set(name, value ?? args[++at] ?? '');
    } else if (isOneOf(FLAGS, name)) {
      given.set(name, value ?? 'true');
    } else {
      throw new TypeError(`Unknown flag "${args[at]}"`);
    }
  }
  const command = {
    namespace: given.get('namespace') ?? '',
    id: given.get('id') ?? '',
    address: given.get('address') ?? '',
    bundlePath: given.get('bundle') || cwd,
    isDebug: given.get('debug') === 'true',
    socketPath: given.get('socket') ?? '',
  };
  if (given.get('v') === 'true') {
    return { ...command, action: 'version' };
  }
  if (given.get('info') === 'true') {
    return { ...command, action: 'info' };
  }
  if (action === undefined || !isOneOf(ACTIONS, action)) {
    throw new TypeError(`Expected an action, start or delete, got ${action === undefined ? 'none' : `"${action}"`}`);
  }
  if (!isId(command.id)) {
    throw new TypeError(`Flag "-id" must be ${ID_RULE}, got "${command.id}"`);
  }
  return { ...command, action };
}

function isOneOf<const T extends string>(names: readonly T[], name: string): name is T {
  return (names as readonly string[]).includes(name);
}
