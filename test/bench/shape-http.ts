/** The HTTP listener's part of `shape-loads.ts`: ways to send a body, and connections that send it. */
import type { NatsServer } from "../support/nats-server.ts";
import { freePort } from "../support/server-process.ts";
import { pace } from "./pace.ts";
import { type Load, startLoad } from "./shape-loads.ts";
import type { Transport } from "./shape-messages.ts";

/** A request in the pieces in which it is written. */
export function requestPieces(body: Uint8Array, transport: Transport): readonly Uint8Array[] {
  const { pieceBytes, isGzip, isChunked, precision } = transport;
  const content = isGzip ? Bun.gzipSync(new Uint8Array(body)) : body;
  const head = [
    `POST /write?db=bench&precision=${precision} HTTP/1.1`,
    "Host: localhost",
    ...(isGzip ? ["Content-Encoding: gzip"] : []),
    isChunked ? "Transfer-Encoding: chunked" : `Content-Length: ${content.length}`,
  ];
  const parts = cut(content, pieceBytes === 0 ? CHUNK_BYTES : pieceBytes);
  const wrapped = isChunked ? [...parts.map(chunkOf), Buffer.from("0\r\n\r\n")] : parts;
  const pieces = [Buffer.from(`${head.join("\r\n")}\r\n\r\n`), ...wrapped];
  return pieceBytes === 0 ? [Buffer.concat(pieces)] : pieces;
}

/** As clients cut what they compress or stream. */
const CHUNK_BYTES = 32 * 1024;

function cut(bytes: Uint8Array, partBytes: number): Uint8Array[] {
  const count = Math.ceil(bytes.length / partBytes);
  return Array.from({ length: count }, (_, part) =>
    bytes.subarray(part * partBytes, (part + 1) * partBytes),
  );
}

function chunkOf(bytes: Uint8Array): Uint8Array {
  return Buffer.concat([
    Buffer.from(`${bytes.length.toString(16)}\r\n`),
    bytes,
    Buffer.from("\r\n"),
  ]);
}

const CONNECTIONS = 4;

export async function startHttpLoad(nats: NatsServer): Promise<Load> {
  const port = freePort();
  const load = await startLoad("listener_http", nats, {
    toml: `mode = "listener_http"
      port = ${port}
      nats_subject = ["bench"]
      batch_max_age = "50ms"`,
    ready: "publishing to",
  });
  const free = await Promise.all(Array.from({ length: CONNECTIONS }, () => connect(port)));
  const all = [...free];
  return {
    ...load,
    async send(pieces, { perSecond, seconds }) {
      let failure: unknown;
      const post = async (connection: Connection) => {
        await connection.post(pieces).catch((error: unknown) => (failure = error));
        free.push(connection);
      };
      await pace(perSecond, seconds, async (count) => {
        for (let left = count; left > 0; left--) {
          for (; free.length === 0; await Bun.sleep(0));
          void post(free.pop() as Connection);
        }
      });
      for (; free.length < all.length; await Bun.sleep(0));
      if (failure !== undefined) throw failure;
    },
    async [Symbol.asyncDispose]() {
      for (const connection of all) connection.close();
      await load[Symbol.asyncDispose]();
    },
  };
}

interface Connection {
  /** Rejects unless the answer is 204. */
  post(pieces: readonly Uint8Array[]): Promise<void>;
  close(): void;
}

async function connect(port: number): Promise<Connection> {
  let answered = Promise.withResolvers<void>();
  let drained: (() => void) | undefined;
  const socket = await Bun.connect({
    hostname: "127.0.0.1",
    port,
    socket: {
      data(_socket, chunk) {
        const answer = chunk.toString("latin1");
        if (answer.startsWith("HTTP/1.1 204 ")) answered.resolve();
        else answered.reject(new Error(`not a 204: ${answer}`));
      },
      drain: () => drained?.(),
      close: () => answered.reject(new Error("closed by the listener")),
    },
  });
  socket.setNoDelay(true);
  const write = async (piece: Uint8Array) => {
    for (let rest = piece; rest.length > 0;) {
      rest = rest.subarray(socket.write(rest));
      if (rest.length > 0) await new Promise<void>((resolve) => (drained = resolve));
    }
  };
  return {
    async post(pieces) {
      answered = Promise.withResolvers();
      for (const piece of pieces) {
        await write(piece);
        // A packet of its own.
        if (pieces.length > 1) await new Promise((resolve) => setImmediate(resolve));
      }
      await answered.promise;
    },
    close: () => void socket.end(),
  };
}
