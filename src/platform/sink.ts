/** Where bytes go that nobody waits for: an open file, terminal or pipe, by its descriptor. */
import { write } from "node:fs";

import { type Clock, sleep } from "./clock.ts";

export interface Sink {
  /** Resolves once all of `bytes` is written; until then they must not change. Rejects with what the system says. */
  write(bytes: Uint8Array): Promise<void>;
}

/** Somebody else who has the stream open may have made it non-blocking: then this long until the next try. */
const RETRY_MS = 20;

/**
 * Writes from a thread of the runtime's: `process.stdout` and `process.stderr` would wait for a terminal that is stopped
 * (Ctrl-S) or slow on this one, and NATS cuts off whoever reads nothing for some seconds.
 */
export function createSink(fd: number, clock: Clock): Sink {
  return {
    async write(bytes) {
      for (let at = 0; at < bytes.length;) {
        const written = await writeSome(fd, bytes, at);
        if (written === 0) await sleep(clock, RETRY_MS);
        at += written;
      }
    },
  };
}

function writeSome(fd: number, bytes: Uint8Array, start: number): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  write(fd, bytes, start, bytes.length - start, null, (error, written) => {
    if (error === null) resolve(written);
    else if (error.code === "EAGAIN") resolve(0);
    else reject(error);
  });
  return promise;
}
