/**
 * The short-lived commands of the shim for which containerd waits: `start`, `delete`, `-info` and `-v`. Loads only
 * modules of Node.js; the shim itself is a process that `start` leaves running. `start` may print only the address:
 * containerd reads standard output and standard error as one.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { cleanUpAfterShim } from './clean-up-after-shim.ts';
import { parseShimCommand, type ShimCommand } from './command-line.ts';
import { encodeDeleteResponse, isBootstrapParams } from './launcher-messages.ts';

export interface LauncherProgram {
  readonly version: string;
  /** Runs the shim until it ends. Loaded only there. */
  readonly serve: (command: ShimCommand, options: Buffer) => Promise<void>;
}

/** Short, for a socket's path has at most 107 bytes. */
const SOCKETS_PATH = '/run/kata-metrics';
const OWNER_ONLY = 0o700;
const SANDBOX_CONTROLLER = 'io.containerd.sandbox.controller.v1.shim';
/** 128 and SIGKILL: what containerd takes for a task whose shim is gone. */
const KILLED_STATUS = 137;
/** Descriptor after the standard streams, over which the shim reports that it listens. */
const READY_FD = 3;

/** Returns the exit code. */
export async function runLauncher(args: readonly string[], program: LauncherProgram): Promise<number> {
  try {
    const command = parseShimCommand(args, process.cwd());
    switch (command.action) {
      case 'version':
        process.stdout.write(`containerd-shim-kata-v2:\n  Version: ${program.version}\n  Runtime: kata-metrics\n`);
        return 0;
      case 'info':
        return 0;
      case 'start':
        process.stdout.write(await start(command));
        return 0;
      case 'delete':
        cleanUpAfterShim(command.bundlePath);
        process.stdout.write(encodeDeleteResponse({ exitStatus: KILLED_STATUS, exitedAtMs: Date.now() }));
        return 0;
      case 'serve':
        await program.serve(command, readFileSync(0));
        return 0;
    }
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  }
}

/** The tellable address: a plain one means version 2 of the shim's protocol, which every containerd speaks. */
async function start(command: ShimCommand): Promise<string> {
  const options = readFileSync(0);
  const { 'io.kubernetes.cri.container-type': type, 'io.kubernetes.cri.sandbox-id': sandboxId } = readAnnotations();
  const isContainer = type === 'container' && sandboxId !== undefined && basename(sandboxId) === sandboxId;
  const address = isContainer
    ? readFileSync(join('..', sandboxId, 'address'), 'utf8')
    : `unix://${await startShimProcess(command, options)}`;
  // containerd 1.6 reads it after a restart.
  writeFileSync('address', address);
  const isVersion3 = process.cwd().includes(SANDBOX_CONTROLLER) || isBootstrapParams(options);
  return isVersion3 ? JSON.stringify({ version: 3, address, protocol: 'ttrpc' }) : address;
}

/**
 * Starts the shim. Returns the path of its socket, on which it listens already.
 * @throws {Error} with its error output.
 */
async function startShimProcess({ namespace, id, address, isDebug }: ShimCommand, options: Buffer): Promise<string> {
  mkdirSync(SOCKETS_PATH, { recursive: true, mode: OWNER_ONLY });
  // Loaded on demand: it takes 1.3 MiB, and the shim that keeps running is in the same file.
  const { createHash } = process.getBuiltinModule('node:crypto');
  const hash = createHash('sha256').update(`${address}\0${namespace}\0${id}`).digest('hex').slice(0, 32);
  const socketPath = join(SOCKETS_PATH, `${hash}.sock`);
  const program = process.argv[1]!;
  const flags = [
    '-namespace',
    namespace,
    '-id',
    id,
    '-address',
    address,
    '-socket',
    socketPath,
    '-bundle',
    process.cwd(),
  ];
  const child = spawn(
    process.execPath,
    [...process.execArgv, program, ...flags, ...(isDebug ? ['-debug'] : []), 'serve'],
    {
      // Its own session, and none of our streams: containerd waits until the last holder of those has closed them.
      detached: true,
      cwd: '/',
      stdio: ['pipe', 'ignore', 'ignore', 'pipe'],
    },
  );
  child.stdin!.end(options);
  const ready = child.stdio[READY_FD]!;
  let said = '';
  for await (const piece of ready as AsyncIterable<Buffer>) {
    said += piece.toString();
  }
  if (said !== 'ready') {
    throw new Error(`The shim could not start: ${said || 'it ended without a reason'}`);
  }
  child.unref();
  return socketPath;
}

/** A sandbox of containerd's sandbox service has no config.json. */
function readAnnotations(): Partial<Record<string, string>> {
  try {
    const { annotations = {} } = JSON.parse(readFileSync('config.json', 'utf8')) as {
      annotations?: Record<string, string>;
    };
    return annotations;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT' && dirname(process.cwd()).includes(SANDBOX_CONTROLLER)) {
      return {};
    }
    throw error;
  }
}
