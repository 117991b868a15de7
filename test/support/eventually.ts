/** Waits for a condition instead of for time to pass. */
import { expect } from "bun:test";

/** Resolves as soon as `check` returns something other than false or undefined; rejects, naming `what`, at the deadline. */
export async function eventually<Result>(
  what: string,
  check: () => Result | Promise<Result>,
  deadlineMs = 10_000,
): Promise<Exclude<Result, false | undefined>> {
  const endMs = performance.now() + deadlineMs;
  for (;;) {
    const result = await check();
    if (result !== false && result !== undefined)
      return result as Exclude<Result, false | undefined>;
    if (performance.now() > endMs) throw new Error(`not within ${deadlineMs} ms: ${what}`);
    await Bun.sleep(5);
  }
}

/** Waits until what `read` finds is what is expected; at the deadline, says what differs. */
export async function expectEventually<Found>(
  read: () => Promise<Found>,
  expected: Found,
  deadlineMs = 10_000,
): Promise<void> {
  const endMs = performance.now() + deadlineMs;
  let found = await read();
  while (!Bun.deepEquals(found, expected) && performance.now() < endMs) {
    await Bun.sleep(20);
    found = await read();
  }
  expect<unknown>(found).toEqual(expected);
}
