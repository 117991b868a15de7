/** Profiles of a thread, asked for from outside. Method: messages that the test reads and answers itself. */
import { expect, test } from "bun:test";

import type { AskProfiler } from "../../../src/filter/messages.ts";
import { ThreadProfiler } from "../../../src/filter/thread-profiler.ts";
import { SpoutError } from "../../../src/platform/errors.ts";

function setUp() {
  const posted: AskProfiler[] = [];
  const thread = { isThere: true };
  const profiler = new ThreadProfiler(2, (message) => {
    if (thread.isThere) posted.push(message);
    return thread.isThere;
  });
  /** Answers the message that was posted as number `index`. */
  const answer = (index: number, text: string, problem = "") => {
    const id = posted[index]?.id ?? -1;
    profiler.hear({ kind: "profiler", id, bytes: new TextEncoder().encode(text), problem });
  };
  return { posted, thread, profiler, answer };
}

const textOf = async (bytes: Promise<Uint8Array>) => new TextDecoder().decode(await bytes);

test("asks for each thing by a message of its own, and gives each answer to its question", async () => {
  const { posted, profiler, answer } = setUp();
  const started = profiler.start(10);
  answer(0, "");
  await started;
  const stopped = profiler.stop();
  const snapshot = profiler.heapSnapshot();
  expect(posted).toEqual([
    { kind: "profiler", id: 0, method: "start", intervalMs: 10 },
    { kind: "profiler", id: 1, method: "stop", intervalMs: 0 },
    { kind: "profiler", id: 2, method: "heapSnapshot", intervalMs: 0 },
  ]);
  answer(2, "the snapshot");
  answer(1, "the profile");
  expect(await textOf(stopped)).toBe("the profile");
  expect(await textOf(snapshot)).toBe("the snapshot");
});

test("what the thread cannot do is an error in its words, and a profile is started again", async () => {
  const { profiler, answer } = setUp();
  const snapshot = profiler.heapSnapshot();
  answer(0, "", "out of memory");
  await expect(snapshot).rejects.toThrow("cannot profile worker 2: out of memory");
  await expect(snapshot).rejects.toBeInstanceOf(SpoutError);
  const refused = profiler.start(10);
  answer(1, "", "no inspector");
  await expect(refused).rejects.toThrow("cannot profile worker 2: no inspector");
  const started = profiler.start(10);
  answer(2, "");
  await started;
});

test("nobody waits for a thread that dies, nor for the profile that died with it", async () => {
  const { posted, thread, profiler, answer } = setUp();
  const started = profiler.start(10);
  answer(0, "");
  await started;
  const snapshot = profiler.heapSnapshot();
  thread.isThere = false;
  profiler.threadEnded();
  await expect(snapshot).rejects.toThrow("cannot profile worker 2: it died meanwhile");
  const dead = "cannot profile worker 2: it has died, and is not started again yet";
  await expect(profiler.start(10)).rejects.toThrow(dead);
  await expect(profiler.heapSnapshot()).rejects.toThrow(dead);

  thread.isThere = true;
  await expect(profiler.stop()).rejects.toThrow("cannot profile worker 2: it died meanwhile");
  expect(posted).toHaveLength(2);
  const next = profiler.heapSnapshot();
  answer(2, "the snapshot");
  expect(await textOf(next)).toBe("the snapshot");
});
