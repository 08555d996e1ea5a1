/**
 * A container manager that knows the bench's sandboxes: `node bench/cri-server.ts <socket> <count>`; prints one line when it
 * listens, and ends with its standard input.
 */
import { CriServer } from '../test/support/cri-server.ts';
import { makeSandboxIds } from './sandbox-ids.ts';

const [socketPath = '', countText = ''] = process.argv.slice(2);
const pods = makeSandboxIds(Number(countText)).map((id, i) => ({
  id,
  metadata: {
    name: `deployment-${i}-7d9c5b8f6d-x2x7q`,
    namespace: `namespace-${i % 10}`,
    uid: `${id.slice(0, 8)}-${id.slice(8, 12)}-4${id.slice(13, 16)}-8${id.slice(17, 20)}-${id.slice(20, 32)}`,
  },
  createdAt: 1_700_000_000_000_000_000n,
}));
const server = await CriServer.start(socketPath, { state: { pods } });
process.stdout.write('listening\n');
process.stdin.resume().on('end', () => void server.stop().then(() => process.exit()));
