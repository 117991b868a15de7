/**
 * A TCP proxy on 127.0.0.1: connections through it can be cut while the server behind it lives on, and what goes to
 * the server can be held up while what comes from it passes.
 */
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { Transform } from "node:stream";

export interface TcpProxy extends AsyncDisposable {
  /** host:port */
  readonly address: string;
  /** Ends all connections at once, whatever they still hold. New ones are taken. */
  cut(): void;
  /** From now on keeps what clients send instead of passing it on. */
  hold(): void;
  /** What it keeps, bytes as latin1. */
  held(): string;
  /** Passes on what it kept, if its connection still stands, and all that follows. */
  letGo(): void;
}

/** Listens on `port`; without one, on a free port. */
export async function startTcpProxy(targetPort: number, port = 0): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  const kept: { readonly bytes: Buffer; readonly passOn: () => void }[] = [];
  let isHolding = false;
  const track = (socket: Socket, peer: () => Socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => {
      sockets.delete(socket);
      peer().destroy();
    });
  };
  const server = createServer((client) => {
    const upstream = connect(targetPort, "127.0.0.1");
    track(client, () => upstream);
    track(upstream, () => client);
    const gate = new Transform({
      transform(bytes: Buffer, _encoding, done) {
        if (!isHolding) return done(null, bytes);
        kept.push({ bytes, passOn: () => upstream.destroyed || gate.push(bytes) });
        done();
      },
    });
    client.pipe(gate).pipe(upstream);
    upstream.pipe(client);
  });
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  const address = server.address() as AddressInfo;
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    address: `127.0.0.1:${address.port}`,
    cut,
    hold: () => void (isHolding = true),
    held: () => Buffer.concat(kept.map(({ bytes }) => bytes)).toString("latin1"),
    letGo() {
      isHolding = false;
      for (const { passOn } of kept.splice(0)) passOn();
    },
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve));
      cut();
      await closed;
    },
  };
}
