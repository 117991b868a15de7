/**
 * What goes to a standard stream. Method: a stream that takes each write when the test says so; how a terminal shows
 * what was written is worked out by a small model of one.
 */
import { describe, expect, test } from "bun:test";

import { Output } from "../../../src/tap/output.ts";

const ERASE = "\r\u001b[K";

function open(heldMaxBytes = 1000) {
  const writes: string[] = [];
  const failures: Error[] = [];
  let finish: PromiseWithResolvers<void> | undefined;
  const output = new Output(
    {
      write(bytes) {
        // The bytes must stay as they are until the write is done: they are looked at then.
        finish = Promise.withResolvers();
        const { promise } = finish;
        return promise.then(() => void writes.push(Buffer.from(bytes).toString("latin1")));
      },
    },
    { heldMaxBytes, onFailed: (error) => failures.push(error) },
  );
  return {
    output,
    writes,
    failures,
    add: (line: string) => output.addLine(Buffer.from(`<${line}>`, "latin1"), 1, line.length + 1),
    /** The write under way is done, and what follows from that has happened. */
    async take() {
      await turn();
      finish?.resolve();
      await turn();
    },
    async fail(error: Error) {
      await turn();
      finish?.reject(error);
      await turn();
    },
  };
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** The rows that a terminal shows: only what is used here is known to it. */
function rowsOf(written: string): string[] {
  const rows = [""];
  for (const piece of written.split(/(\r\u001b\[K|\n)/)) {
    if (piece === "\n") rows.push("");
    else rows.push(piece === ERASE ? "" : `${rows.pop()}${piece}`);
    if (piece === ERASE) rows.splice(-2, 1);
  }
  return rows;
}

describe("lines", () => {
  test("go out byte for byte, each with a newline, those of one go in one write", async () => {
    const { output, writes, add, take } = open();
    add("cpu v=1");
    add("\xff\x00\r");
    await take();
    expect(writes).toEqual(["cpu v=1\n\xff\x00\r\n"]);
    await output.idle();
  });

  test("that come while a write is under way wait, and change nothing in it", async () => {
    const { writes, add, take } = open();
    add("first");
    await turn();
    for (let i = 0; i < 20; i++) add(`line ${i}`);
    await take();
    expect(writes).toEqual(["first\n"]);
    await take();
    expect(writes[1]?.split("\n")).toEqual([
      ...Array.from({ length: 20 }, (_, i) => `line ${i}`),
      "",
    ]);
    add("last");
    await take();
    expect(writes[2]).toBe("last\n");
  });

  test("may be longer than everything before, and than the limit", async () => {
    const { output, writes, add, take } = open(100_000);
    const long = "x".repeat(300_000);
    add("short");
    add(long);
    expect(output.hasRoom()).toBe(false);
    await take();
    expect(writes.join("") === `short\n${long}\n`).toBe(true);
  });

  test("find no room above the limit, and room again once the stream has taken some", async () => {
    const { output, add, take } = open(20);
    add("123456789");
    await turn();
    add("123456789");
    expect(output.hasRoom()).toBe(true);
    add("123456789");
    expect(output.hasRoom()).toBe(false);
    expect(output.heldLines).toBe(3);
    await take();
    expect(output.heldLines).toBe(2);
    expect(output.hasRoom()).toBe(true);
    await take();
    expect(output.heldLines).toBe(0);
  });
});

describe("messages", () => {
  test("go out among the lines, whole, and are no lines", async () => {
    const { output, writes, add, take } = open();
    add("cpu v=1");
    output.addMessage("é: connected\n");
    expect(output.heldLines).toBe(1);
    await take();
    expect(Buffer.from(writes.join(""), "latin1").toString()).toBe("cpu v=1\né: connected\n");
  });

  test("are lost where there is no room", async () => {
    const { output, writes, take } = open(10);
    output.addMessage("x".repeat(10));
    output.addMessage("too much");
    await take();
    expect(writes).toEqual(["x".repeat(10)]);
  });
});

describe("the status", () => {
  test("is rewritten in place, and stands below all lines and messages", async () => {
    const { output, writes, add, take } = open();
    output.setStatus("1 line");
    await take();
    output.setStatus("2 lines");
    await take();
    expect(rowsOf(writes.join(""))).toEqual(["2 lines"]);
    add("cpu v=1");
    output.addMessage("connected\n");
    await take();
    output.setStatus("3 lines");
    add("cpu v=2");
    await take();
    expect(rowsOf(writes.join(""))).toEqual(["cpu v=1", "connected", "cpu v=2", "3 lines"]);
    expect(writes[2]).toBe(`${ERASE}cpu v=1\nconnected\n2 lines`);
    // Whatever was written so far, the last row is the status and nothing else.
    for (let count = 1; count <= writes.length; count++) {
      expect(rowsOf(writes.slice(0, count).join("")).at(-1)).toMatch(/^\d lines?$/);
    }
  });

  test("does not pile up while the terminal is stopped", async () => {
    const { output, writes, take } = open();
    for (let second = 0; second < 100; second++) {
      output.setStatus(`${second}`);
      await turn();
    }
    await take();
    await take();
    expect(writes).toEqual(["0", `${ERASE}99`]);
  });

  test("is gone when it is empty", async () => {
    const { output, writes, add, take } = open();
    output.setStatus("1 line");
    await take();
    output.setStatus("");
    output.addMessage("all in all\n");
    await take();
    add("cpu v=1");
    await take();
    expect(writes.slice(1)).toEqual([`${ERASE}all in all\n`, "cpu v=1\n"]);
  });
});

test("a stream that fails is written to no more, and that is told once", async () => {
  const { output, writes, failures, add, fail, take } = open();
  add("first");
  await turn();
  add("second");
  const error = new Error("EPIPE");
  await fail(error);
  await output.idle();
  add("third");
  await take();
  await output.idle();
  expect({ writes, failures, heldLines: output.heldLines }).toEqual({
    writes: [],
    failures: [error],
    heldLines: 3,
  });
});

test("it is idle when everything is out", async () => {
  const { output, add, take } = open();
  await output.idle();
  add("first");
  let isIdle = false;
  const idle = output.idle().then(() => (isIdle = true));
  await turn();
  add("second");
  await take();
  expect(isIdle).toBe(false);
  await take();
  await idle;
});
