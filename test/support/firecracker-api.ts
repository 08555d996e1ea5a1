/**
 * A server that behaves as Firecracker's API by its published schema (src/firecracker/swagger/firecracker.yaml, 1.17):
 * the calls that the shim makes, in the states in which Firecracker allows them, its responses, and lines of metrics on
 * FlushMetrics. It runs no guest. Run as a program it stands where the `firecracker` binary would:
 * `node firecracker-api.ts --api-sock <path>`, with the environment's CALLS as a file of all calls.
 */
import { appendFileSync, closeSync, constants, openSync, writeSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

export interface FirecrackerApiServer {
  /** Method, path and body of the calls so far: `PUT /actions {"action_type":"FlushMetrics"}`. */
  readonly calls: readonly string[];
  /** What the next lines of metrics have beside their time. */
  setGroups(groups: object): void;
  /** The next calls get no response. */
  hang(): void;
  close(): Promise<void>;
}

interface Outcome {
  readonly status: number;
  readonly body?: object;
}

const NO_CONTENT: Outcome = { status: 204 };
const fault = (message: string): Outcome => ({ status: 400, body: { fault_message: message } });

export interface FirecrackerApiServerOptions {
  readonly socketPath: string;
  /** Where it runs already, as one that is attached to. */
  readonly running?: { readonly metricsPath: string };
  readonly onEnd?: () => void;
  /** Told of each call. */
  readonly onCall?: (call: string) => void;
}

/** Paths that are set up before the machine starts, and what their bodies must have. */
const CONFIGURATION: Readonly<Record<string, readonly string[]>> = {
  '/machine-config': ['vcpu_count', 'mem_size_mib'],
  '/boot-source': ['kernel_image_path'],
  '/vsock': ['guest_cid', 'uds_path'],
  '/metrics': ['metrics_path'],
};

const MAX_VCPUS = 32;

export async function startFirecrackerApi(options: FirecrackerApiServerOptions): Promise<FirecrackerApiServer> {
  const calls: string[] = [];
  const configured = new Map<string, Readonly<Record<string, unknown>>>();
  let groups: object = {};
  let isHanging = false;
  let isStarted = options.running !== undefined;
  let metrics: number | undefined;
  const openMetrics = (path: string): void => {
    metrics = openSync(path, constants.O_RDWR | constants.O_NONBLOCK | constants.O_APPEND);
  };
  if (options.running !== undefined) {
    openMetrics(options.running.metricsPath);
  }

  const configure = (path: string, body: Readonly<Record<string, unknown>>): Outcome => {
    const missing = CONFIGURATION[path]?.find((field) => !(field in body));
    if (missing !== undefined) {
      return fault(`An error occurred when deserializing the json body of a request: missing field \`${missing}\``);
    }
    if (isStarted) {
      return fault('The requested operation is not supported after starting the microVM.');
    }
    if (path === '/machine-config' && !(Number(body['vcpu_count']) >= 1 && Number(body['vcpu_count']) <= MAX_VCPUS)) {
      return fault('The vCPU number is invalid! The vCPU number can only be 1 or an even number when SMT is enabled.');
    }
    if (path === '/metrics') {
      openMetrics(String(body['metrics_path']));
    }
    configured.set(path, body);
    return NO_CONTENT;
  };
  const act = (action: unknown): Outcome => {
    switch (action) {
      case 'InstanceStart':
        if (isStarted) {
          return fault('The requested operation is not supported after starting the microVM.');
        }
        if (!configured.has('/boot-source')) {
          return fault('Cannot start microvm without kernel configuration.');
        }
        isStarted = true;
        return NO_CONTENT;
      case 'FlushMetrics':
        if (!isStarted) {
          return fault('The requested operation is not supported before starting the microVM.');
        }
        if (metrics !== undefined) {
          writeSync(metrics, `${JSON.stringify({ utc_timestamp_ms: Date.now(), ...groups })}\n`);
        }
        return NO_CONTENT;
      case 'SendCtrlAltDel':
        options.onEnd?.();
        return NO_CONTENT;
      default:
        return fault('An error occurred when deserializing the json body of a request: unknown variant');
    }
  };
  const handle = (method: string, path: string, body: string): Outcome => {
    if (method === 'GET' && path === '/') {
      const state = isStarted ? 'Running' : 'Not started';
      return { status: 200, body: { app_name: 'Firecracker', id: 'anonymous-instance', state, vmm_version: '1.17.0' } };
    }
    if (method === 'GET' && path === '/version') {
      return { status: 200, body: { firecracker_version: '1.17.0' } };
    }
    if (method === 'PUT' && path === '/actions') {
      return act((JSON.parse(body) as { action_type?: unknown }).action_type);
    }
    return method === 'PUT' && Object.hasOwn(CONFIGURATION, path)
      ? configure(path, JSON.parse(body))
      : fault(`Invalid request method and/or path: ${method} ${path}.`);
  };

  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      const text = Buffer.concat(pieces).toString();
      const { method = '', url = '' } = request;
      const call = [method, url, ...(text === '' ? [] : [text])].join(' ');
      calls.push(call);
      options.onCall?.(call);
      if (!isHanging) {
        const { status, body } = handle(method, url, text);
        response.writeHead(status, { server: 'Firecracker API', 'content-type': 'application/json' });
        response.end(body && JSON.stringify(body));
      }
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.socketPath, resolve);
  });
  return {
    calls,
    setGroups: (next) => {
      groups = next;
    },
    hang: () => {
      isHanging = true;
    },
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
      if (metrics !== undefined) {
        closeSync(metrics);
        metrics = undefined;
      }
    },
  };
}

if (import.meta.main) {
  const socketPath = process.argv[process.argv.indexOf('--api-sock') + 1];
  if (socketPath === undefined) {
    throw new TypeError('Expected --api-sock <path>');
  }
  const callsPath = process.env['CALLS'];
  const server = await startFirecrackerApi({
    socketPath,
    onEnd: () => setImmediate(() => process.exit(0)),
    onCall: (call) => callsPath !== undefined && appendFileSync(callsPath, `${call}\n`),
  });
  server.setGroups({ vmm: { panic_count: 0 }, net: { rx_count: 1 }, api_server: { process_startup_time_us: 42 } });
}
