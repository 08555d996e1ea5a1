/**
 * Has left a socket behind that nobody listens on.
 */
import { spawnSync } from 'node:child_process';
import { type Fault, nothingToClose } from '../fault.ts';

/** Ends without closing, so that nothing takes the socket away. */
const program =
  'require("node:net").createServer().listen(process.argv[1], () => process.kill(process.pid, "SIGKILL"))';

export default {
  name: 'socket-refused',
  start: async ({ socketPath }) => {
    spawnSync(process.execPath, ['-e', program, socketPath]);
    return nothingToClose;
  },
  canBeWell: false,
  isUp: false,
  reasons: ['refused'],
  kept: '',
} satisfies Fault;
