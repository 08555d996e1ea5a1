/**
 * The options of kata-agent, as data.
 */

import type { OptionTable } from '../options/index.ts';
import { logLevels } from '../program/json-log.ts';

export const agentOptions = {
  listen: {
    kind: 'text',
    value: 'address',
    help: 'Address to serve ttrpc on: unix://<path>, vsock://<cid>:<port> or serial://<port name>. See docs/transports.md',
    isRequired: true,
  },
  'runtime-listen': {
    kind: 'text',
    value: 'address',
    help: 'Address to serve the calls of a runtime on, too: sandboxes, containers and their processes, run by crun',
  },
  'proc-root': { kind: 'text', value: 'directory', help: 'Path of the proc file system to read', default: '/proc' },
  container: {
    kind: 'list',
    value: 'id=path',
    help: 'Cgroup of a container, relative to the cgroup root. Other containers are found by their ID',
    default: [],
  },
  'log-level': { kind: 'text', value: 'level', help: 'Minimum log level', choices: logLevels, default: 'info' },
} as const satisfies OptionTable;
