/**
 * A program in a real terminal: a server of tmux for one test, with its own socket.
 */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { waitUntil } from './processes.ts';

const run = promisify(execFile);

/** Less than the time limit of a test. */
const PATIENCE_MS = 90_000;

export interface TmuxOptions {
  /** For the socket. */
  readonly folder: string;
  readonly columns: number;
  readonly rows: number;
  readonly command: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export class Tmux {
  readonly #socket: string;

  private constructor(socket: string) {
    this.#socket = socket;
  }

  static async start({ folder, columns, rows, command, env = {} }: TmuxOptions): Promise<Tmux> {
    // Not the socket of a server that is ending.
    const tmux = new Tmux(join(folder, `${randomBytes(4).toString('hex')}.sock`));
    const variables = Object.entries(env).flatMap(([name, value]) => ['-e', `${name}=${value}`]);
    // The screen stays when the program has ended, so that a test sees what it has left.
    const words = command.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ');
    const shell = `${words}; echo "ended with $?"; cat`;
    await tmux.#run('-f', '/dev/null', 'new-session', '-d', '-x', `${columns}`, '-y', `${rows}`, ...variables, shell);
    return tmux;
  }

  /** Keys as tmux names them, such as `Enter`; other words are typed. */
  async press(...keys: string[]): Promise<void> {
    await this.#run('send-keys', '-t', ':', ...keys);
  }

  async resize(columns: number, rows: number): Promise<void> {
    await this.#run('resize-window', '-t', ':', '-x', `${columns}`, '-y', `${rows}`);
  }

  /** The lines on the screen; with `hasColours`, with their escape sequences. */
  async read({ hasColours = false } = {}): Promise<string[]> {
    const { stdout } = await this.#run('capture-pane', '-p', '-t', ':', ...(hasColours ? ['-e'] : []));
    return stdout.split('\n').slice(0, -1);
  }

  /** Resolves with the screen that is as wanted. Rejects with the screen that is there when it is not for a long time. */
  async waitFor(isWanted: (lines: readonly string[]) => boolean): Promise<string[]> {
    let lines: string[] = [];
    const untilMs = performance.now() + PATIENCE_MS;
    await waitUntil(async () => {
      lines = await this.read();
      if (performance.now() > untilMs) {
        throw new Error(`The screen is not as wanted:\n${lines.join('\n')}`);
      }
      return isWanted(lines);
    });
    return lines;
  }

  async close(): Promise<void> {
    await this.#run('kill-server').catch(() => undefined);
  }

  #run(...args: string[]): Promise<{ stdout: string }> {
    return run('tmux', ['-S', this.#socket, ...args], { env: { ...process.env, TMUX: '' } });
  }
}
