/** Keeps used-up buffers from piling up. */
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

/**
 * Gives the memory of `bytes`, if they are all that is in their buffer, back at once, not when garbage is next collected:
 * the next payload then finds it in the processor's cache. Nobody may look at them again. Once more does nothing.
 */
export function giveBack({ buffer, length }: Uint8Array): void {
  const isWhole = length > 0 && buffer.byteLength === length;
  if (isWhole && buffer instanceof ArrayBuffer) buffer.transfer(0);
}
