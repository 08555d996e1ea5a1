/**
 * The shim as a process: serves the calls of containerd on its socket until containerd no longer needs it.
 */
import { closeSync, mkdirSync, writeSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createJsonLog, type Log } from '../program/index.ts';
import { SandboxService as SandboxServiceV1, TaskServiceV2, TaskServiceV3 } from '../runtime-proto/index.ts';
import { GUARD_NAME } from '../shim/index.ts';
import { bindUnixSocket } from '../transport/index.ts';
import { Code, TtrpcError, TtrpcServer } from '../ttrpc/index.ts';
import { MAX_CONCURRENT_CALLS } from './agent-client.ts';
import type { ShimCommand } from './command-line.ts';
import { EventPublisher } from './events.ts';
import { openFifoLog } from './fifo-log.ts';
import { readConfigPath } from './runtime-options.ts';
import { type RuntimeSettings, readRuntimeSettings, readSandboxesPath } from './runtime-settings.ts';
import { type PodOptions, Sandbox } from './sandbox.ts';
import { writeSandboxRecord } from './sandbox-record.ts';
import { SandboxService } from './sandbox-service.ts';
import { TaskService } from './task-service.ts';

const READY_FD = 3;
/** containerd waits 3 s for the end of a shim. */
const EVENTS_GRACE_MS = 1_500;
const CALLS_GRACE_MS = 500;
/** Time for containerd to close its connections, after it has shut down a sandbox. */
const CLIENTS_GRACE_MS = 2_000;
const LOOK_MS = 10;

/** Resolves when the shim has ended. */
export async function serveShim(command: ShimCommand, stdin: Buffer): Promise<void> {
  const { namespace, id, bundlePath, socketPath, isDebug } = command;
  const log = createJsonLog({
    name: 'containerd-shim-kata-v2',
    level: isDebug ? 'debug' : 'info',
    fields: { sandbox: id },
    write: openFifoLog(join(bundlePath, 'log')),
  });
  const events = new EventPublisher({ socketPath: readEventsPath(command), namespace, log });
  const sandboxPath = join(readSandboxesPath(process.env), id);
  const over = Promise.withResolvers<string>();
  const onCreate = (bundle: string): void =>
    writeSandboxRecord(bundle || bundlePath, { shimPid: process.pid, socketPath, sandboxPath, guardName: GUARD_NAME });
  const onShutdown = (): void => over.resolve('containerd needs it no more');
  const startSandbox = async (options: PodOptions): Promise<Sandbox> => {
    const settings = await readSettings(stdin, options, log);
    return Sandbox.start({ ...options, settings, log });
  };
  const service = new TaskService({
    events,
    log,
    onCreate,
    startSandbox,
    onShutdown,
  });
  const server = new TtrpcServer({
    maxConcurrentCalls: MAX_CONCURRENT_CALLS,
    onHandlerError: (error, { method }) => log.error(`Cannot handle "${method}": ${describe(error)}`),
  })
    .addService(TaskServiceV2, service.handlers())
    .addService(TaskServiceV3, service.handlers())
    .addService(
      SandboxServiceV1,
      new SandboxService({
        tasks: service,
        startSandbox,
        onCreate,
        onShutdown: () => void waitForClients(server).then(onShutdown),
      }).handlers(),
    );
  const listener = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => undefined);
    server.accept(socket);
  });
  keepRunning(service, log, over.resolve);
  try {
    mkdirSync(dirname(socketPath), { recursive: true });
    await bindUnixSocket(listener, socketPath);
    tellLauncher('ready');
  } catch (error) {
    tellLauncher(describe(error));
    throw error;
  }
  const reason = await over.promise;
  log.info(`Ending: ${reason}`);
  await service.close(reason).catch((error: unknown) => log.error(`Cannot clean up: ${describe(error)}`));
  await events.close(EVENTS_GRACE_MS);
  await server.shutdown({ graceMs: CALLS_GRACE_MS });
  listener.close();
}

/**
 * Resolves when all clients have closed their connections, or late. A client in Go that finds a response and the end of its
 * connection at the same time may take the end: then containerd cannot remove the pod.
 */
async function waitForClients(server: TtrpcServer): Promise<void> {
  const deadlineMs = performance.now() + CLIENTS_GRACE_MS;
  while (server.connectionCount > 0 && performance.now() < deadlineMs) {
    await sleep(LOOK_MS);
  }
}

/** @throws {TtrpcError} that names the fault in the configuration or in the pod. */
async function readSettings(stdin: Buffer, { annotations }: PodOptions, log: Log): Promise<RuntimeSettings> {
  try {
    return await readRuntimeSettings({
      env: process.env,
      configPath: readConfigPath(stdin),
      annotations,
      onUnknown: log.warn,
    });
  } catch (error) {
    throw new TtrpcError(Code.invalidArgument, describe(error), { cause: error });
  }
}

/** Ends the pod in order after a bug in this program, so that nothing of it remains. */
function keepRunning(service: TaskService, log: Log, end: (reason: string) => void): void {
  const onFault = (error: unknown): void => {
    log.error(`Internal error: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    end('an internal error');
  };
  process.on('uncaughtException', onFault);
  process.on('unhandledRejection', onFault);
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    // The pod outlives containerd, and a service manager that ends all processes of a service.
    process.on(signal, () => {
      if (service.isIdle) {
        end(`signal ${signal}`);
      }
    });
  }
}

function tellLauncher(text: string): void {
  try {
    writeSync(READY_FD, text);
    closeSync(READY_FD);
  } catch {
    // Started by hand.
  }
}

/** containerd 1.6 and later say where its socket for events is. */
function readEventsPath({ address }: ShimCommand): string {
  return process.env['TTRPC_ADDRESS']?.replace(/^unix:\/\//, '') ?? `${address}.ttrpc`;
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
