/** Keeps used-up buffers from piling up on a thread. */
import { fullGC } from "bun:jsc";

/**
 * Returns what is told how many bytes were worked through; after each `everyBytes` of them it collects what is used up,
 * which takes some milliseconds. Left to itself the runtime lets about 32 MB of it gather on each thread: on eight
 * threads of a filter that was 330 MB resident instead of 270, for 3 % of the processor time.
 */
export function createCollector(
  everyBytes: number,
  collect: () => void = fullGC,
): (bytes: number) => void {
  let sinceBytes = 0;
  return (bytes) => {
    sinceBytes += bytes;
    if (sinceBytes < everyBytes) return;
    sinceBytes = 0;
    collect();
  };
}
