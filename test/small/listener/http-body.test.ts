/** Reading bodies: what all of them together may take, and when that is given back. */
import { expect, test } from "bun:test";
import { gzipSync } from "node:zlib";

import { type Body, createBodyReader } from "../../../src/listener/http-body.ts";
import { eventually } from "../../support/eventually.ts";
import { ManualClock } from "../../support/manual-clock.ts";

const keep = async (body: Body) => body;

/** A request whose body comes in pieces, when the test says so. */
function slowRequest(headers: Record<string, string> = {}) {
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  const body = new ReadableStream<Uint8Array>({
    start(given) {
      controller = given;
    },
  });
  return {
    request: new Request("http://localhost/write", { method: "POST", body, headers }),
    send: (bytes: Uint8Array) => controller?.enqueue(bytes),
    end: () => controller?.close(),
    breakOff: () => controller?.error(new Error("connection closed")),
  };
}

const requestOf = (body: string | Uint8Array<ArrayBuffer>) =>
  new Request("http://localhost/write", { method: "POST", body });

test("pieces are put together in order", async () => {
  const { request, send, end } = slowRequest();
  const reading = createBodyReader({
    bodyMaxBytes: 10,
    totalMaxBytes: 10,
    clock: new ManualClock(),
    senderName: () => "",
  }).read(request, false, keep);
  send(new Uint8Array(3));
  send(new Uint8Array(4));
  end();
  expect(await reading).toEqual({ kind: "whole", bytes: Buffer.alloc(7) });
});

test("all bodies together are bounded by what has arrived, and each gives back what it held", async () => {
  const reader = createBodyReader({
    bodyMaxBytes: 60,
    totalMaxBytes: 100,
    clock: new ManualClock(),
    senderName: () => "",
  });
  const kindOf = async (request: Request) => (await reader.read(request, false, keep)).kind;
  const first = slowRequest();
  const second = slowRequest();
  const readings = [kindOf(first.request), kindOf(second.request)];
  first.send(new Uint8Array(50));
  second.send(new Uint8Array(45));

  await eventually("95 bytes are held", async () => {
    return (await kindOf(requestOf("x".repeat(6)))) === "no_room";
  });
  expect(await kindOf(requestOf("x".repeat(5)))).toBe("whole");
  expect(await kindOf(requestOf("x".repeat(5)))).toBe("whole");
  first.end();
  second.breakOff();
  expect(await Promise.all(readings)).toEqual(["whole", "broken_off"]);
  expect(await kindOf(requestOf("x".repeat(60)))).toBe("whole");
});

test("clients who announce and do not send keep out neither small bodies nor large ones", async () => {
  const reader = createBodyReader({
    bodyMaxBytes: 100,
    totalMaxBytes: 100,
    clock: new ManualClock(),
    senderName: () => "",
  });
  const kindOf = async (request: Request) => (await reader.read(request, false, keep)).kind;
  // Two of them take up the room for bodies read at one go, and the others that for streams, by what they send.
  const silent = Array.from({ length: 10 }, () => slowRequest({ "Content-Length": "25" }));
  const readings = silent.map(({ request }) => kindOf(request));
  expect(await kindOf(requestOf("x".repeat(100)))).toBe("whole");
  for (const { breakOff } of silent) breakOff();
  expect(new Set(await Promise.all(readings))).toEqual(new Set(["broken_off"]));

  const large = slowRequest();
  const reading = kindOf(large.request);
  large.send(new Uint8Array(99));
  await eventually("99 bytes are held", async () => {
    return (await kindOf(requestOf("xx"))) === "no_room";
  });
  const small = new Request("http://localhost/write", {
    method: "POST",
    body: "x".repeat(50),
    headers: { "Content-Length": "50" },
  });
  expect(await kindOf(small)).toBe("whole");
  large.end();
  expect(await reading).toBe("whole");
});

test("a body that drips is given up after a minute, and gives back what it held", async () => {
  const clock = new ManualClock();
  const reader = createBodyReader({
    bodyMaxBytes: 100,
    totalMaxBytes: 100,
    clock,
    senderName: () => "",
  });
  const kindOf = async (request: Request) => (await reader.read(request, false, keep)).kind;
  const dripping = slowRequest();
  const reading = kindOf(dripping.request);
  dripping.send(new Uint8Array(100));
  await eventually("100 bytes are held", async () => (await kindOf(requestOf("x"))) === "no_room");
  clock.advance(60_000);
  expect(await reading).toBe("too_slow");
  expect(await kindOf(requestOf("x".repeat(100)))).toBe("whole");
  expect(clock.timerCount).toBe(0);
});

test("a body counts until whoever uses it is done", async () => {
  const reader = createBodyReader({
    bodyMaxBytes: 60,
    totalMaxBytes: 100,
    clock: new ManualClock(),
    senderName: () => "",
  });
  const used = Promise.withResolvers<void>();
  const using = reader.read(requestOf("x".repeat(60)), false, () => used.promise);
  const attempt = () => reader.read(requestOf("x".repeat(60)), false, keep);
  await eventually("60 bytes are held", async () => (await attempt()).kind === "no_room");
  used.resolve();
  await using;
  expect((await attempt()).kind).toBe("whole");
});

test("bodies that inflate to the limit wait for one another and are all right", async () => {
  const reader = createBodyReader({
    bodyMaxBytes: 1_000_000,
    totalMaxBytes: 10_000_000,
    clock: new ManualClock(),
    senderName: () => "",
  });
  const bomb = gzipSync(Buffer.alloc(1_000_001));
  // It says that its last member, of one byte, is all.
  const lyingBomb = Buffer.concat([bomb, gzipSync("x")]);
  const most = gzipSync(Buffer.alloc(1_000_000));
  const kinds = await Promise.all(
    [bomb, most, most, lyingBomb, Buffer.from("no gzip"), most].map(
      async (bytes) => (await reader.read(requestOf(bytes), true, keep)).kind,
    ),
  );
  expect(kinds).toEqual(["too_large", "whole", "whole", "too_large", "not_gzip", "whole"]);
});

test("large bodies are inflated one after the other, and small ones do not wait for them", async () => {
  const reader = createBodyReader({
    bodyMaxBytes: 64_000_000,
    totalMaxBytes: 160_000_000,
    clock: new ManualClock(),
    senderName: () => "",
  });
  const finished: string[] = [];
  const inflate = (name: string, bytes: Uint8Array) => {
    const { request, send, end } = slowRequest();
    const reading = reader.read(request, true, async () => void finished.push(name));
    send(bytes);
    end();
    return reading;
  };
  await Promise.all([
    inflate("large", gzipSync(Buffer.alloc(64_000_000))),
    inflate("less large", gzipSync(Buffer.alloc(600_000))),
    inflate("small", gzipSync("a v=1")),
  ]);
  expect(finished).toEqual(["small", "large", "less large"]);
});

test("what bodies become counts until it is handed on, so that bombs do not pile up behind a slow bus", async () => {
  const MIB = 1024 * 1024;
  const reader = createBodyReader({
    bodyMaxBytes: 4 * MIB,
    totalMaxBytes: 20 * MIB,
    clock: new ManualClock(),
    senderName: () => "",
  });
  const bomb = gzipSync(Buffer.alloc(4 * MIB));
  expect(bomb.length).toBeLessThan(5000);
  const handedOn = Promise.withResolvers<void>();
  let heldBytes = 0;
  const kinds: string[] = [];
  const hold = async (body: Body) => {
    kinds.push(body.kind);
    if (body.kind !== "whole") return;
    heldBytes += body.bytes.length;
    await handedOn.promise;
  };
  const bombs = Array.from({ length: 100 }, () => reader.read(requestOf(bomb), true, hold));
  await eventually("all are inflated, or sent away", () => kinds.length === 100);
  // Four fifths of the room, in which the bombs as they came take some too.
  expect(heldBytes).toBe(12 * MIB);
  expect(kinds.filter((kind) => kind === "no_room")).toHaveLength(97);
  // A fifth of the room is for small ones alone.
  const line = gzipSync("a v=1");
  expect((await reader.read(requestOf(line), true, keep)).kind).toBe("whole");
  // One that says it becomes little is found out before it takes more than there is.
  const lyingBomb = Buffer.concat([gzipSync(Buffer.alloc(4 * MIB - 1)), gzipSync("x")]);
  bombs.push(reader.read(requestOf(lyingBomb), true, hold));
  await eventually("it is inflated", () => heldBytes === 16 * MIB);
  expect((await reader.read(requestOf(lyingBomb), true, keep)).kind).toBe("no_room");
  handedOn.resolve();
  await Promise.all(bombs);
  expect((await reader.read(requestOf(bomb), true, keep)).kind).toBe("whole");
});

test("a small body that stalls is given up after a minute too, whose length was told", async () => {
  const clock = new ManualClock();
  const reader = createBodyReader({
    bodyMaxBytes: 100,
    totalMaxBytes: 100,
    clock,
    senderName: () => "",
  });
  const { request, send } = slowRequest({ "Content-Length": "50" });
  const reading = reader.read(request, false, keep);
  send(new Uint8Array(49));
  clock.advance(59_999);
  expect(await Promise.race([reading, "waiting"])).toBe("waiting");
  clock.advance(1);
  expect((await reading).kind).toBe("too_slow");
  expect(clock.timerCount).toBe(0);
});
