/**
 * Where each tag of a scanned line stands. Tags are numbered from 0 in the order of the line; nothing is unescaped.
 *
 * `LineOffsets.tagBounds` holds, for each tag, where its key starts and where its equals sign is, and behind the last
 * tag where a next key would start: a tag ends one byte, the comma's, in front of the next one's key.
 */
import type { LineOffsets } from "./scan.ts";

/** The first byte of the tag's key, and of the tag. */
export function tagStart(offsets: LineOffsets, tag: number): number {
  return offsets.tagBounds[2 * tag] as number;
}

/** Where the tag's key ends: its equals sign. The value starts behind it. */
export function tagKeyEnd(offsets: LineOffsets, tag: number): number {
  return offsets.tagBounds[2 * tag + 1] as number;
}

/** Where the tag's value, and the tag, ends. */
export function tagEnd(offsets: LineOffsets, tag: number): number {
  return (offsets.tagBounds[2 * tag + 2] as number) - 1;
}
