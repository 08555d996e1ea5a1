/**
 * The host's side of a hybrid vsock as Firecracker serves it, over an agent that is no guest's: `CONNECT <port>` on the
 * socket becomes a connection to the agent's own.
 */
import { createConnection, createServer, type Socket } from 'node:net';

export interface HybridVsockBridge {
  close(): Promise<void>;
}

/** A request for another port is rejected, as where no process listens. */
export async function startHybridVsockBridge(
  socketPath: string,
  port: number,
  agentSocketPath: string,
): Promise<HybridVsockBridge> {
  const open = new Set<Socket>();
  const keep = (socket: Socket): Socket => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
    // Either side may go at any time.
    socket.on('error', () => socket.destroy());
    return socket;
  };
  const server = createServer((socket) => {
    keep(socket).once('data', (line: Buffer) => {
      if (line.toString() !== `CONNECT ${port}\n`) {
        socket.destroy();
        return;
      }
      const agent = keep(createConnection({ path: agentSocketPath }));
      agent.once('connect', () => {
        socket.write('OK 1073741824\n');
        socket.pipe(agent).pipe(socket);
      });
      agent.once('close', () => socket.destroy());
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(socketPath, resolve);
  });
  return {
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of open) {
        socket.destroy();
      }
      await closed;
    },
  };
}
