/** Writes tar archives (POSIX ustar) of which two with the same contents are the same bytes. */

export interface TarEntry {
  /** Without a leading slash; a folder's ends with one. At most 100 bytes. */
  readonly name: string;
  readonly mode: number;
  /** Empty for a folder. */
  readonly content: Uint8Array;
}

const BLOCK_BYTES = 512;
const NAME_MAX_BYTES = 100;
const CHECKSUM_START = 148;
const CHECKSUM_END = 156;

/** The entries in the order of their names, all owned by root and changed at `date`. */
export function tar(entries: readonly TarEntry[], date: Date): Uint8Array {
  const sorted = entries.toSorted((left, right) => Buffer.compare(bytes(left), bytes(right)));
  const lengthBytes = sorted.reduce(
    (sum, { content }) => sum + BLOCK_BYTES + padded(content.length),
    // Two empty blocks are the end.
    2 * BLOCK_BYTES,
  );
  const archive = Buffer.alloc(lengthBytes);
  let at = 0;
  for (const entry of sorted) {
    writeHeader(archive.subarray(at, at + BLOCK_BYTES), entry, date);
    archive.set(entry.content, at + BLOCK_BYTES);
    at += BLOCK_BYTES + padded(entry.content.length);
  }
  return archive;
}

/**
 * Compressed the same on any machine: libdeflate writes no time and no system, and does not choose its way by the
 * processor, as zlib does.
 */
export function gzip(archive: Uint8Array): Uint8Array {
  return Bun.gzipSync(new Uint8Array(archive), { level: 9, library: "libdeflate" });
}

function bytes({ name }: TarEntry): Buffer {
  return Buffer.from(name);
}

function padded(lengthBytes: number): number {
  return Math.ceil(lengthBytes / BLOCK_BYTES) * BLOCK_BYTES;
}

function writeHeader(block: Buffer, entry: TarEntry, date: Date): void {
  const name = bytes(entry);
  if (name.length > NAME_MAX_BYTES)
    throw new Error(`cannot archive "${entry.name}": name too long`);
  block.set(name, 0);
  writeOctal(block, 100, 8, entry.mode);
  writeOctal(block, 108, 8, 0);
  writeOctal(block, 116, 8, 0);
  writeOctal(block, 124, 12, entry.content.length);
  writeOctal(block, 136, 12, Math.floor(date.getTime() / 1000));
  block.write(entry.name.endsWith("/") ? "5" : "0", 156);
  block.write("ustar\0" + "00", 257);
  // The sum is taken with spaces in its own place.
  block.fill(" ", CHECKSUM_START, CHECKSUM_END);
  writeOctal(
    block,
    CHECKSUM_START,
    7,
    block.reduce((sum, byte) => sum + byte, 0),
  );
}

/** Digits up to the field's last byte, which is a zero. */
function writeOctal(block: Buffer, start: number, lengthBytes: number, value: number): void {
  block.write(`${value.toString(8).padStart(lengthBytes - 1, "0")}\0`, start);
}
