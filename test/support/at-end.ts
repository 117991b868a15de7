/** What is removed, or stopped, when the last test is over; outside of tests, when the process ends. */

const cleanups = new Set<() => void>();

// `bun test` ends without this event: there, the preload calls cleanUp.
process.on("exit", cleanUp);

/** Returns what calls it off. */
export function atEnd(cleanup: () => void): () => void {
  cleanups.add(cleanup);
  return () => cleanups.delete(cleanup);
}

export function cleanUp(): void {
  for (const cleanup of cleanups) cleanup();
  cleanups.clear();
}
