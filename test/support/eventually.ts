/** Waits for a condition instead of for time to pass. */

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
