/** Standard output as a stream that the test reads, or does not, or breaks. */
import { expect, test } from "bun:test";
import { Writable } from "node:stream";

import { createStdoutOutput } from "../../../src/writer/stdout-output.ts";
import { settle } from "./fake-influxdb.ts";

const encode = (text: string) => new TextEncoder().encode(text);

function setUp() {
  const written: string[] = [];
  const waiting: (() => void)[] = [];
  let failure: Error | undefined;
  const stream = new Writable({
    write(chunk: Uint8Array, _, callback) {
      waiting.push(() => {
        if (failure === undefined) written.push(new TextDecoder().decode(chunk));
        callback(failure);
      });
    },
  });
  const failed: Error[] = [];
  const output = createStdoutOutput(stream, (error) => failed.push(error));
  return {
    written,
    failed,
    output,
    stream,
    /** What has been handed over is read. */
    read: () => waiting.shift()?.(),
    break: (error: Error) => {
      failure = error;
    },
  };
}

test("a write is done when it has been read", async () => {
  const { output, written, read, failed } = setUp();
  let answer: unknown;
  void output.write(encode("a v=1\n")).then((given) => (answer = given));
  await settle();
  expect(answer).toBeUndefined();
  read();
  await settle();
  expect(answer).toEqual({ kind: "written" });
  expect(written).toEqual(["a v=1\n"]);
  expect(failed).toEqual([]);
  expect(output.target).toBe("standard output");
});

test("when nobody reads any more it tells so once, and refuses everything", async () => {
  const { output, written, read, failed, ...rest } = setUp();
  rest.break(new Error("EPIPE: broken pipe, write"));
  const first = output.write(encode("a v=1\n"));
  read();
  const refused = { kind: "rejected", reason: "EPIPE: broken pipe, write" } as const;
  expect(await first).toEqual(refused);
  expect(await output.write(encode("a v=2\n"))).toEqual(refused);
  expect(written).toEqual([]);
  expect(failed.map(({ name, message }) => [name, message])).toEqual([
    ["SpoutError", "cannot write to standard output: EPIPE: broken pipe, write"],
  ]);
});
