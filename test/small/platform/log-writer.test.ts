/** Goal: a log that nobody reads, or that cannot be written, costs bounded memory and nothing else; what is lost of it is told. */
import { expect, test } from "bun:test";

import { LogWriter } from "../../../src/platform/log-writer.ts";
import { ManualClock } from "../../support/manual-clock.ts";

/** A stream whose writes end when the test says so. */
function setUp() {
  const clock = new ManualClock(new Date(2026, 2, 4, 5, 6, 7).getTime());
  const writes: { readonly text: string; end(error?: Error): void }[] = [];
  const sink = {
    write(bytes: Uint8Array) {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const end = (error?: Error) => (error === undefined ? resolve() : reject(error));
      writes.push({ text: new TextDecoder().decode(bytes), end });
      return promise;
    },
  };
  /** The oldest write has ended. */
  const next = async (error?: Error) => {
    const write = writes.shift();
    write?.end(error);
    await settled();
    return write?.text;
  };
  return { writer: new LogWriter(sink, clock), writes, next };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));
const LINE = `${"x".repeat(1023)}\n`;
const notice = (lines: number) =>
  `2026/03/04 05:06:07 WARN ${lines} log lines dropped: standard error did not take them\n`;

test("what is told in one go is written at once, in order", async () => {
  const { writer, next } = setUp();
  writer.write("a\n");
  writer.write("b\n");
  await settled();
  writer.write("c\n");
  writer.write("d\n");
  expect(await next()).toBe("a\nb\n");
  expect(await next()).toBe("c\nd\n");
  await writer.idle();
});

test("while a write hangs a megabyte waits, the rest is dropped and counted", async () => {
  const { writer, writes, next } = setUp();
  writer.write("first\n");
  await settled();
  for (let line = 0; line < 5000; line++) writer.write(LINE);
  await settled();
  expect(writes).toHaveLength(1);
  expect(await next()).toBe("first\n");
  expect(await next()).toBe(LINE.repeat(1024) + notice(5000 - 1024));
  writer.write("again\n");
  await settled();
  expect(await next()).toBe("again\n");
  await writer.idle();
});

test("a stream that refuses is tried again with the next line, and told what it missed", async () => {
  const { writer, next } = setUp();
  writer.write("a\n");
  writer.write("b\n");
  await settled();
  await next(new Error("ENOSPC"));
  await writer.idle();
  writer.write("c\n");
  await settled();
  await next(new Error("ENOSPC"));
  writer.write("d\n");
  await settled();
  expect(await next()).toBe(`d\n${notice(3)}`);
});
