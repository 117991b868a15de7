/** A server that greets and takes clients in as NATS does, and then does what a test wants and a real one never would. */
import { createServer, type Socket } from "node:net";

export interface FakeNats extends AsyncDisposable {
  /** host:port */
  readonly address: string;
  /** Those that were taken in, in order; ended ones too. */
  readonly clients: FakeClient[];
}

export interface FakeClient {
  readonly socket: Socket;
  /** What it sent behind its first PING, as latin1. */
  received: string;
  isOpen: boolean;
}

/** `greeting` is added to what the server tells of itself. */
export async function startFakeNats(greeting: object = {}): Promise<FakeNats> {
  const clients: FakeClient[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    const client: FakeClient = { socket, received: "", isOpen: true };
    let isTakenIn = false;
    socket.on("error", () => {});
    socket.on("close", () => {
      client.isOpen = false;
      sockets.delete(socket);
    });
    socket.on("data", (bytes) => {
      client.received += bytes.toString("latin1");
      if (isTakenIn || !client.received.endsWith("PING\r\n")) return;
      isTakenIn = true;
      client.received = "";
      socket.write("PONG\r\n");
      clients.push(client);
    });
    const info = { server_id: "F", version: "2.9.10", max_payload: 1048576, proto: 1, ...greeting };
    socket.write(`INFO ${JSON.stringify(info)}\r\n`);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return {
    address: `127.0.0.1:${typeof address === "object" ? address?.port : 0}`,
    clients,
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
