/**
 * The options of kata-agent, as data.
 */
import { logLevels } from '../log/index.ts';
import type { OptionTable } from '../options/index.ts';

export const agentOptions = {
  listen: {
    kind: 'text',
    value: 'address',
    help: 'Where to serve ttrpc: unix://<path> (vsock and serial come later)',
    isRequired: true,
  },
  'proc-root': { kind: 'text', value: 'directory', help: 'Which /proc to read', default: '/proc' },
  'log-level': { kind: 'text', value: 'level', help: 'Least that is logged', choices: logLevels, default: 'info' },
} as const satisfies OptionTable;
