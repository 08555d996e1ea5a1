/**
 * Has a symbolic link that leads round in a circle.
 */
import { symlink } from 'node:fs/promises';
import { type Fault, nothingToClose } from '../fault.ts';

export default {
  name: 'link-to-nothing',
  start: async ({ socketPath }) => {
    await symlink('shim-monitor.sock', socketPath);
    return nothingToClose;
  },
  canBeWell: false,
  isUp: false,
  reasons: ['unsafe_socket'],
  kept: '',
} satisfies Fault;
