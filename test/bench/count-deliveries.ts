/** A subscriber in a process of its own, asked for its counts. */
import { join } from "node:path";

export interface Deliveries {
  readonly messages: number;
  readonly lines: number;
  readonly bytes: number;
}

export interface DeliveryCounter extends AsyncDisposable {
  read(): Promise<Deliveries>;
  /** Reads until nothing has arrived for half a second. */
  readWhenQuiet(): Promise<Deliveries>;
}

const QUIET_MS = 500;

export async function countDeliveries(
  port: number,
  ...subjects: string[]
): Promise<DeliveryCounter> {
  const child = Bun.spawn(
    [process.execPath, join(import.meta.dir, "subscriber.ts"), String(port), ...subjects],
    { stdin: "pipe", stdout: "pipe", stderr: "inherit" },
  );
  const lines = readLines(child.stdout);
  await lines.next();
  const read = async () => {
    child.stdin.write("?\n");
    child.stdin.flush();
    return JSON.parse(String((await lines.next()).value)) as Deliveries;
  };
  return {
    read,
    async readWhenQuiet() {
      let last = await read();
      for (;;) {
        await Bun.sleep(QUIET_MS);
        const now = await read();
        if (now.bytes === last.bytes) return now;
        last = now;
      }
    },
    async [Symbol.asyncDispose]() {
      child.kill();
      await child.exited;
    },
  };
}

async function* readLines(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let held = "";
  for await (const chunk of stream) {
    const parts = (held + decoder.decode(chunk, { stream: true })).split("\n");
    held = parts.pop() ?? "";
    yield* parts;
  }
}
