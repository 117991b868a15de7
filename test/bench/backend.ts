/** The discarding backend, in a process of its own. */
import { join } from "node:path";

import { LINE_BYTES } from "./host-lines.ts";

export interface DiscardingBackend extends AsyncDisposable {
  readonly port: number;
  /** Lines and requests so far, once nothing has arrived for half a second. */
  readWhenQuiet(): Promise<{ readonly lines: number; readonly requests: number }>;
}

const QUIET_MS = 500;

export async function startDiscardingBackend(): Promise<DiscardingBackend> {
  const child = Bun.spawn([process.execPath, join(import.meta.dir, "discarding-backend.ts")], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "inherit",
  });
  const { value } = await child.stdout.getReader().read();
  const port = Number(new TextDecoder().decode(value));
  const read = async () => {
    const answer = await fetch(`http://127.0.0.1:${port}/counts`);
    return (await answer.json()) as { readonly requests: number; readonly bytes: number };
  };
  return {
    port,
    async readWhenQuiet() {
      for (let last = await read(); ;) {
        await Bun.sleep(QUIET_MS);
        const now = await read();
        if (now.bytes === last.bytes)
          return { lines: now.bytes / LINE_BYTES, requests: now.requests };
        last = now;
      }
    },
    async [Symbol.asyncDispose]() {
      child.kill();
      await child.exited;
    },
  };
}
