/**
 * A QEMU with a second monitor, for commands that the shim never gives, and whose guest can reset its machine.
 */
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import { findProgram } from './requirements.ts';

const NAME = 'qemu-system-x86_64';

export interface SecondMonitor {
  /** Variables for the shim: it finds a program called as QEMU, which starts QEMU. */
  readonly env: Readonly<Record<string, string>>;
  /** Resolves when QEMU has done the command of QMP. */
  execute(command: string): Promise<void>;
  dispose(): Promise<void>;
}

export async function makeSecondMonitor(): Promise<SecondMonitor> {
  const folder = await mkdtemp(join(tmpdir(), 'qm-'));
  const socketPath = join(folder, 'monitor.sock');
  const script = [
    '#!/bin/sh',
    'for word in "$@"; do shift; [ "$word" = -no-reboot ] || set -- "$@" "$word"; done',
    `exec '${findProgram(NAME)}' "$@" -qmp 'unix:${socketPath},server=on,wait=off'`,
  ];
  await writeFile(join(folder, NAME), `${script.join('\n')}\n`);
  await chmod(join(folder, NAME), 0o755);
  return {
    env: { PATH: `${folder}${delimiter}${process.env['PATH']}` },
    execute: (command) => execute(socketPath, command),
    dispose: () => rm(folder, { recursive: true }),
  };
}

async function execute(socketPath: string, command: string): Promise<void> {
  const socket = createConnection(socketPath);
  try {
    socket.write(`{"execute":"qmp_capabilities"}\n{"execute":"${command}","id":1}\n`);
    for await (const line of createInterface({ input: socket })) {
      const { id, error } = JSON.parse(line) as { readonly id?: number; readonly error?: { readonly desc: string } };
      if (error !== undefined) {
        throw new Error(`Cannot execute "${command}": ${error.desc}`);
      }
      if (id === 1) {
        return;
      }
    }
    throw new Error(`Cannot execute "${command}": QEMU has closed its monitor`);
  } finally {
    socket.destroy();
  }
}
