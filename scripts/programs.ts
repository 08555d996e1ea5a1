/**
 * The programs with their commands and option tables, for what is generated from them: docs/configuration.md, the man
 * pages and the completions of the shells. Reads nothing.
 */
import type { OptionTable } from '../src/options/index.ts';
import { agentOptions } from '../src/settings/agent.ts';
import { cliCommands, SANDBOX_OPERAND } from '../src/settings/cli.ts';
import { monitorOptionTable } from '../src/settings/monitor.ts';
import { attachOptions, runOptions } from '../src/settings/shim.ts';

export interface ProgramCommand {
  /** Undefined for a program that has no commands. */
  readonly name: string | undefined;
  /** What follows the name of program and command, in the form of a synopsis. */
  readonly operands: string;
  /** One or two sentences. */
  readonly about: string;
  readonly options: OptionTable;
  /** Whether its operand is the id of a sandbox. */
  readonly takesSandbox: boolean;
}

export interface Program {
  readonly name: string;
  /** Of the manual: 1 for people, 8 for services. */
  readonly section: 1 | 8;
  /** For the NAME of a man page: no full stop. */
  readonly summary: string;
  readonly about: string;
  readonly commands: readonly ProgramCommand[];
  /** The beginning of the environment variables that its flags have. */
  readonly variablePrefix?: string;
  /** By code. */
  readonly exitCodes: Readonly<Record<number, string>>;
}

const serviceExitCodes = {
  0: 'Ended by SIGTERM or SIGINT.',
  1: 'Failure.',
  2: 'Invalid command line.',
  70: 'A bug in the program.',
};

function oneCommand(about: string, options: OptionTable): readonly ProgramCommand[] {
  return [{ name: undefined, operands: '[options]', about, options, takesSandbox: false }];
}

export const programs: readonly Program[] = [
  {
    name: 'kata-monitor',
    section: 8,
    summary: 'serve the metrics of all Kata sandboxes on a node',
    about: 'Runs once on a node. Needs to be allowed to connect to the sockets of the shims: root, as a rule.',
    commands: oneCommand('', monitorOptionTable),
    variablePrefix: 'KATA_MONITOR',
    exitCodes: serviceExitCodes,
  },
  {
    name: 'kata-shim',
    section: 8,
    summary: 'serve the metrics of one Kata sandbox',
    about: 'Serves the metrics of one sandbox on <root>/<sandbox id>/shim-monitor.sock.',
    commands: [
      {
        name: 'attach',
        operands: '[options]',
        about: 'Runs on the host, once for each sandbox that another runtime has started.',
        options: attachOptions,
        takesSandbox: false,
      },
      {
        name: 'run',
        operands: '[options]',
        about: 'Starts a whole sandbox, and ends it.',
        options: runOptions,
        takesSandbox: false,
      },
    ],
    exitCodes: serviceExitCodes,
  },
  {
    name: 'kata-agent',
    section: 8,
    summary: 'serve the metrics of a guest',
    about: 'Runs in the guest.',
    commands: oneCommand('', agentOptions),
    exitCodes: serviceExitCodes,
  },
  {
    name: 'kata-metrics',
    section: 1,
    summary: 'look at Kata sandboxes and their metrics',
    about: 'Shows the metrics of Kata sandboxes in a terminal.',
    commands: Object.entries(cliCommands).map(([name, { usage, about, options }]) => ({
      name,
      operands: usage.replace(`kata-metrics ${name} `, ''),
      about,
      options,
      takesSandbox: usage.includes(SANDBOX_OPERAND),
    })),
    exitCodes: {
      0: 'Success.',
      1: 'Failure or incomplete result.',
      2: 'Invalid command line.',
      70: 'A bug in the program.',
    },
  },
];
