/** Speaks HTTP byte by byte, for what fetch would never send. */
import { connect, type Socket } from "node:net";

import { eventually } from "./eventually.ts";

export interface RawConnection extends Disposable {
  send(bytes: string | Uint8Array): void;
  /** Reads no more, as a client that has stopped, until what it returns is called. */
  pause(): () => void;
  /** All that the server has sent. */
  received(): string;
  /** Resolves once `pattern` is in what the server has sent. */
  receives(pattern: RegExp): Promise<void>;
  /** Resolves once the server has ended the connection. */
  ended(): Promise<void>;
  /** Ends the connection, as a client that is killed. */
  breakOff(): void;
}

export async function openRawConnection(port: number): Promise<RawConnection> {
  const socket = await new Promise<Socket>((resolve, reject) => {
    const opened = connect(port, "127.0.0.1", () => resolve(opened)).on("error", reject);
  });
  let text = "";
  let isEnded = false;
  socket.on("data", (bytes) => (text += bytes.toString("latin1")));
  socket.on("close", () => (isEnded = true));
  return {
    send: (bytes) => void socket.write(bytes),
    pause() {
      socket.pause();
      return () => void socket.resume();
    },
    received: () => text,
    async receives(pattern) {
      await eventually(`${pattern} in an answer`, () => pattern.test(text)).catch((error) => {
        throw new Error(`${error.message}; got ${JSON.stringify(text)}`);
      });
    },
    ended: () => eventually("the server ends the connection", () => isEnded).then(() => {}),
    breakOff: () => void socket.destroy(),
    [Symbol.dispose]: () => void socket.destroy(),
  };
}
