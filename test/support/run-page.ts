/**
 * `kata-metrics page` as a test's own program, on a socket in the file system, and requests to it: from any network
 * namespace.
 */
import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import { programCommand, type RunningProgram, runCommand } from './run-program.ts';

export interface PageResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

export interface RunningPage {
  readonly program: RunningProgram;
  get(path: string, headers?: Readonly<Record<string, string>>): Promise<PageResponse>;
  /** Events of /api/v1/stream, until as many have arrived: the name and the data of each. */
  readEvents(query: string, count: number): Promise<readonly (readonly [string, unknown])[]>;
  stop(): Promise<void>;
}

export interface RunPageOptions {
  readonly socketPath: string;
  readonly prometheusUrl: string;
  /** Begins the command: where it runs. */
  readonly inside?: readonly string[];
  readonly args?: readonly string[];
}

export async function runPage({
  socketPath,
  prometheusUrl,
  inside = [],
  args = [],
}: RunPageOptions): Promise<RunningPage> {
  const command = [...inside, ...programCommand('kata-metrics'), 'page', `--prometheus=${prometheusUrl}`];
  const program = runCommand([...command, `--listen-address=unix://${socketPath}`, ...args] as [string, ...string[]]);
  const { stdout } = program.child;
  await new Promise<void>((resolve, reject) => {
    stdout?.once('data', () => resolve());
    void program.ended.then(({ stderr }) => reject(new Error(`kata-metrics page ended: ${stderr}`)));
  });
  const send = (path: string, headers: Readonly<Record<string, string>>) => {
    const { promise, resolve, reject } = Promise.withResolvers<import('node:http').IncomingMessage>();
    request({ socketPath, path, headers, agent: false }, resolve).once('error', reject).end();
    return promise;
  };
  return {
    program,
    get: async (path, headers = {}) => {
      const response = await send(path, headers);
      return { status: response.statusCode ?? 0, headers: response.headers, body: await text(response) };
    },
    readEvents: async (query, count) => {
      const response = await send(`/api/v1/stream${query}`, {});
      let received = '';
      for await (const piece of response.setEncoding('utf8') as AsyncIterable<string>) {
        received += piece;
        const events = [...received.matchAll(/^event: (\w+)\n(?:id: .*\n)?data: (.*)\n\n/gm)];
        if (events.length >= count) {
          response.destroy();
          return events.map(([, name, data]) => [name!, JSON.parse(data!) as unknown] as const);
        }
      }
      throw new Error(`The stream ended: ${received}`);
    },
    stop: async () => {
      await program.stop();
    },
  };
}
