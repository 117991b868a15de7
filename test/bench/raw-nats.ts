/**
 * The cheapest possible NATS peer, so that a benchmark's generator and subscriber leave the cores to what is measured:
 * prepared PUB frames written as they are, and deliveries counted, and handed on only where that is asked for.
 */
import { countLines } from "../../src/line/split.ts";

const NEWLINE = 0x0a;

export interface RawNats {
  /** Writes prepared frames (see {@link frame}); resolves when the socket has taken them. */
  write(frames: Uint8Array): Promise<void>;
  /** Counts what arrives on `subject` (wildcards work). */
  subscribe(subject: string): void;
  /** What arrived so far. */
  readonly received: { messages: number; lines: number; bytes: number };
  /** Resolves when the server has taken everything written and subscribed so far. */
  flush(): Promise<void>;
  close(): void;
}

/** One PUB command with its payload. */
export function frame(subject: string, payload: Uint8Array): Uint8Array {
  const head = Buffer.from(`PUB ${subject} ${payload.length}\r\n`);
  return Buffer.concat([head, payload, Buffer.from("\r\n")]);
}

/** `onPayload` is lent each payload that arrives, until it returns. */
export async function connectRaw(
  port: number,
  onPayload?: (payload: Buffer) => void,
): Promise<RawNats> {
  const received = { messages: 0, lines: 0, bytes: 0 };
  let held: Buffer = Buffer.alloc(0);
  let drained: (() => void) | undefined;
  const pongs: (() => void)[] = [];
  let subscriptions = 0;

  function take(chunk: Buffer): void {
    const data = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
    let at = 0;
    for (;;) {
      const end = data.indexOf(NEWLINE, at);
      if (end === -1) break;
      const next = data[at] === 0x4d ? takeMessage(data, end) : takeControl(data, at, end);
      if (next === -1) break;
      at = next;
    }
    held = Buffer.from(data.subarray(at));
  }

  /** MSG subject sid [reply] size: returns where the next command starts, or -1 if the payload is not all here. */
  function takeMessage(data: Buffer, end: number): number {
    const size = Number(data.toString("latin1", data.lastIndexOf(0x20, end) + 1, end - 1));
    const payloadStart = end + 1;
    const next = payloadStart + size + 2;
    if (next > data.length) return -1;
    received.messages++;
    received.bytes += size;
    received.lines += countLines(data, payloadStart, payloadStart + size);
    onPayload?.(data.subarray(payloadStart, payloadStart + size));
    return next;
  }

  function takeControl(data: Buffer, start: number, end: number): number {
    const command = data.toString("latin1", start, start + 4);
    if (command === "PING") socket.write("PONG\r\n");
    else if (command === "PONG") pongs.shift()?.();
    else if (command === "-ERR") throw new Error(data.toString("latin1", start, end));
    return end + 1;
  }

  const socket = await Bun.connect({
    hostname: "127.0.0.1",
    port,
    socket: {
      data: (_socket, chunk) => take(chunk),
      drain() {
        drained?.();
        drained = undefined;
      },
    },
  });
  socket.write('CONNECT {"verbose":false,"pedantic":false,"lang":"bench","version":"1"}\r\n');

  async function write(frames: Uint8Array): Promise<void> {
    let rest = frames;
    while (rest.length > 0) {
      const written = socket.write(rest);
      if (written < 0) throw new Error("the server closed the connection");
      rest = rest.subarray(written);
      if (rest.length > 0) await new Promise<void>((resolve) => (drained = resolve));
    }
  }

  return {
    received,
    write,
    subscribe: (subject) => void socket.write(`SUB ${subject} ${++subscriptions}\r\n`),
    async flush() {
      const answered = new Promise<void>((resolve) => pongs.push(resolve));
      await write(Buffer.from("PING\r\n"));
      await answered;
    },
    close: () => void socket.end(),
  };
}
