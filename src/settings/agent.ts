/**
 * The options of kata-agent, as data.
 */

import type { OptionTable } from '../options/index.ts';
import { logLevels } from '../program/index.ts';

export const agentOptions = {
  listen: {
    kind: 'text',
    value: 'address',
    help: 'Where to serve ttrpc: unix://<path>, vsock://<cid>:<port> or serial://<port name>; more in docs/transports.md',
    isRequired: true,
  },
  'runtime-listen': {
    kind: 'text',
    value: 'address',
    help: 'Where to serve the calls of a runtime too: sandboxes, containers and their processes, by crun',
  },
  'proc-root': { kind: 'text', value: 'directory', help: 'Which /proc to read', default: '/proc' },
  container: {
    kind: 'list',
    value: 'id=path',
    help: 'The cgroup of a container, from the root of the cgroups; can be given more than once; others are found by their id',
    default: [],
  },
  'log-level': { kind: 'text', value: 'level', help: 'Least that is logged', choices: logLevels, default: 'info' },
} as const satisfies OptionTable;
