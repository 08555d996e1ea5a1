/**
 * The far end of the RPC bench: answers GetMetrics with a text of 45 KB, on the unix socket that is its argument.
 * Started by rpc.ts as a process of its own; prints one line when it listens, and ends with its standard input.
 */
import { createServer } from 'node:net';
import { AgentService } from '../src/proto/index.ts';
import { TtrpcServer } from '../src/ttrpc/index.ts';

/** About what a guest with some disks and network interfaces answers. */
const ANSWER_BYTES = 45_000;

const line = 'kata_guest_vm_stat{item="nr_free_pages"} 1234567\n';
const metrics = Buffer.from(line.repeat(Math.ceil(ANSWER_BYTES / line.length))).subarray(0, ANSWER_BYTES);

const server = new TtrpcServer().addService(AgentService, { getMetrics: () => ({ metrics }) });
const listener = createServer((socket) => server.accept(socket));
listener.listen(process.argv[2], () => process.stdout.write('listening\n'));
process.stdin.resume().on('end', () => {
  listener.close();
  void server.shutdown({ graceMs: 0 });
});
