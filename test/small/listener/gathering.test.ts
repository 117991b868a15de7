/**
 * When a UDP listener sleeps and reads past the event loop. Method: a clock moved by hand and by the sleep, and a socket
 * that holds what the test says for each time it is read.
 */
import { expect, test } from "bun:test";

import { Gathering } from "../../../src/listener/gathering.ts";

class Played {
  nowMs = 0;
  /** What happened: "slept 2", or how many datagrams were read past the event loop. */
  happened: (string | number)[] = [];
  /** How many datagrams wait, each time that it is read; none when it is used up. */
  waiting: number[] = [];
  /** How full the buffer is after each sleep; half of what allows for a longer one when it is used up. */
  filled: number[] = [];
  readonly #gathering = new Gathering(
    {
      readWaiting: (datagramsMax) => {
        expect(datagramsMax).toBe(16_384);
        const count = this.waiting.shift() ?? 0;
        this.happened.push(count);
        this.take(count);
      },
      filledShare: () => this.filled.shift() ?? 1 / 4,
    },
    {
      nowMs: () => this.nowMs,
      sleep: (ms) => {
        this.nowMs += ms;
        this.happened.push(`slept ${ms}`);
      },
    },
  );

  take(datagrams: number): void {
    for (let datagram = 0; datagram < datagrams; datagram++) this.#gathering.took();
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
    [1.9, ["slept 0.5", 0]],
    [0, ["slept 0.5", 0]],
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
  expect(await played.turn(1, 1)).toEqual(["slept 0.5", 5, "slept 0.5", 2, "slept 0.5", 1]);

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
  expect(played.happened).toEqual(["slept 0.5", 4, "slept 0.5", 1, "slept 0.5", 1]);
});

test("after a reading that was in vain the event loop reads the next turn", async () => {
  const played = new Played();
  await played.turn(100, 1);
  expect(await played.turn(1, 1)).toEqual(["slept 0.5", 0]);
  expect(await played.turn(1, 1)).toEqual([]);
  expect(await played.turn(1, 1)).toEqual(["slept 0.5", 0]);
});

test("sleeps for longer while little of the buffer fills, up to two milliseconds", async () => {
  const played = new Played();
  played.waiting = [2, 2, 2, 2, 0];
  played.filled = [0.24, 0.25, 0.1, 0, 0];
  await played.turn(100, 1);
  expect(await played.turn(1, 1)).toEqual([
    ...["slept 0.5", 2, "slept 1", 2, "slept 1", 2, "slept 2", 2, "slept 2", 0],
  ]);
});

test("sleeps for half as long after more than half of the buffer has filled", async () => {
  const played = new Played();
  played.waiting = [2, 2, 2, 2, 0];
  played.filled = [0, 0, 0.5, 0.51, 0.3];
  await played.turn(100, 1);
  expect(await played.turn(1, 1)).toEqual([
    ...["slept 0.5", 2, "slept 1", 2, "slept 2", 2, "slept 2", 2, "slept 1", 0],
  ]);
});

test("leaves reading to the event loop where the shortest sleep fills more than half, and tries again later", async () => {
  const played = new Played();
  played.waiting = [9, 9];
  played.filled = [0.51, 0.51];
  await played.turn(100, 1);
  expect(await played.turn(1, 1)).toEqual(["slept 0.5", 9]);
  expect(await played.turn(1, 1)).toEqual([]);
  expect(await played.turn(1, 1)).toEqual(["slept 0.5", 9]);
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
