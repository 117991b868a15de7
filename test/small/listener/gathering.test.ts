/**
 * When a UDP listener sleeps and reads past the event loop. Method: a clock moved by hand and by the sleep, and a socket
 * that holds what the test says for each time it is read.
 */
import { expect, test } from "bun:test";

import { Gathering } from "../../../src/listener/gathering.ts";

/** 100 bytes and 700 more that the kernel takes. */
const DATAGRAM_BYTES = 100;

class Played {
  nowMs = 0;
  /** What happened: "sleep", or how many datagrams were read past the event loop. */
  happened: (string | number)[] = [];
  /** How many datagrams wait, each time that it is read; none when it is used up. */
  waiting: number[] = [];
  readonly #gathering: Gathering;

  constructor(receiveBufferBytes = 1_000_000) {
    const readWaiting = (datagramsMax: number) => {
      expect(datagramsMax).toBe(1024);
      const count = this.waiting.shift() ?? 0;
      this.happened.push(count);
      this.take(count);
    };
    this.#gathering = new Gathering(
      { receiveBufferBytes, readWaiting },
      {
        nowMs: () => this.nowMs,
        sleep: (ms) => {
          expect(ms).toBe(2);
          this.nowMs += ms;
          this.happened.push("sleep");
        },
      },
    );
  }

  take(datagrams: number): void {
    for (let datagram = 0; datagram < datagrams; datagram++) this.#gathering.took(DATAGRAM_BYTES);
  }

  stop(): void {
    this.#gathering.stop();
  }

  /** The event loop reads so many after a pause, and all comes of it that does. */
  async turn(pauseMs: number, datagrams: number): Promise<(string | number)[]> {
    this.nowMs += pauseMs;
    this.happened = [];
    this.take(datagrams);
    await immediates();
    return this.happened;
  }
}

async function immediates(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
}

test("a turn within two milliseconds of the one before is followed by a sleep and a reading; no other is", async () => {
  for (const [pauseMs, happened] of [
    [2, []],
    [1.9, ["sleep", 0]],
    [0, ["sleep", 0]],
  ] as const) {
    const played = new Played();
    expect(await played.turn(100, 1)).toEqual([]);
    expect(await played.turn(pauseMs, 1)).toEqual([...happened]);
  }
});

test("goes on while that brings more than one datagram, those of the event loop in between counted", async () => {
  const played = new Played();
  played.waiting = [5, 2, 1];
  await played.turn(100, 1);
  expect(await played.turn(1, 1)).toEqual(["sleep", 5, "sleep", 2, "sleep", 1]);

  played.waiting = [4];
  await played.turn(100, 1);
  played.nowMs += 1;
  played.happened = [];
  played.take(1);
  await new Promise((resolve) => setImmediate(resolve));
  // One comes by the event loop, and one waits: the next reading has had two.
  played.take(1);
  played.waiting = [1, 1];
  await immediates();
  expect(played.happened).toEqual(["sleep", 4, "sleep", 1, "sleep", 1]);
});

test("after a reading that was in vain the event loop reads the next turn", async () => {
  const played = new Played();
  await played.turn(100, 1);
  expect(await played.turn(1, 1)).toEqual(["sleep", 0]);
  expect(await played.turn(1, 1)).toEqual([]);
  expect(await played.turn(1, 1)).toEqual(["sleep", 0]);
});

test("does not sleep where half of the buffer would fill meanwhile, and reads all the same", async () => {
  // In two milliseconds as many as before: ten of 800 bytes each are 8,000.
  for (const [bufferBytes, first] of [
    [16_000, "sleep"],
    [15_999, 10],
  ] as const) {
    const played = new Played(bufferBytes);
    played.waiting = [10, 0];
    await played.turn(100, 10);
    expect((await played.turn(1, 1))[0]).toBe(first);
  }
});

test("it is the rate that counts: five in one millisecond are as many as ten in two", async () => {
  for (const [bufferBytes, first] of [
    [16_000, "sleep"],
    [15_999, 0],
  ] as const) {
    const played = new Played(bufferBytes);
    await played.turn(100, 1);
    // Follows, and is read in vain; so the next one is read by the event loop, which takes no time here.
    await played.turn(1, 1);
    await played.turn(1, 5);
    expect((await played.turn(1, 1))[0]).toBe(first);
  }
});

test("does not sleep where the size of the buffer is not known", async () => {
  const played = new Played(0);
  played.waiting = [2, 1];
  await played.turn(100, 1);
  expect(await played.turn(1, 1)).toEqual([2, 1]);
});

test("does not touch the socket once it was told to stop", async () => {
  const played = new Played();
  played.waiting = [5, 5];
  await played.turn(100, 1);
  played.nowMs += 1;
  played.take(1);
  played.stop();
  played.happened = [];
  await immediates();
  expect(played.happened).toEqual([]);
});
