/** Reads off an executable which system and processor it is for, without running it: a cross-built one cannot be run. */

/** The systems that there are binaries for. Without "-musl", a Linux binary is for glibc. */
export const TARGETS = [
  "linux-x64",
  "linux-arm64",
  "linux-x64-musl",
  "linux-arm64-musl",
  "darwin-x64",
  "darwin-arm64",
] as const;

export type Target = (typeof TARGETS)[number];

const ELF = 0x7f454c46;
const ELF_MACHINES: Readonly<Record<number, string>> = { 0x3e: "x64", 0xb7: "arm64" };
/** Program header that names the loader, and where in a header its fields stand. */
const PT_INTERP = 3;
const MACH_O_64 = 0xfeedfacf;
const MACH_O_PROCESSORS: Readonly<Record<number, string>> = {
  0x0100_0007: "x64",
  0x0100_000c: "arm64",
};
/** Holds the header and, in what compilers write, all program headers. */
const HEAD_BYTES = 4096;

/** Rejects if the file is no executable of a kind that is built here. */
export async function targetOf(path: string): Promise<Target> {
  const head = new DataView(await Bun.file(path).slice(0, HEAD_BYTES).arrayBuffer());
  const name = (await elfTarget(path, head)) ?? machOTarget(head);
  const target = TARGETS.find((known) => known === name);
  if (target === undefined) {
    throw new Error(`cannot tell what "${path}" runs on: got ${name ?? "neither ELF nor Mach-O"}`);
  }
  return target;
}

async function elfTarget(path: string, head: DataView): Promise<string | undefined> {
  if (head.byteLength < 64 || head.getUint32(0) !== ELF) return undefined;
  const machine = head.getUint16(0x12, true);
  const processor = ELF_MACHINES[machine] ?? `machine ${machine}`;
  const isMusl = (await elfLoader(path, head)).includes("/ld-musl-");
  return `linux-${processor}${isMusl ? "-musl" : ""}`;
}

/** The path of the dynamic loader, such as /lib64/ld-linux-x86-64.so.2; empty in a static executable. */
async function elfLoader(path: string, head: DataView): Promise<string> {
  const tableOffset = Number(head.getBigUint64(0x20, true));
  const entryBytes = head.getUint16(0x36, true);
  for (let index = 0; index < head.getUint16(0x38, true); index++) {
    const entry = tableOffset + index * entryBytes;
    if (head.getUint32(entry, true) !== PT_INTERP) continue;
    const start = Number(head.getBigUint64(entry + 8, true));
    const lengthBytes = Number(head.getBigUint64(entry + 32, true));
    return Bun.file(path)
      .slice(start, start + lengthBytes)
      .text();
  }
  return "";
}

function machOTarget(head: DataView): string | undefined {
  if (head.byteLength < 8 || head.getUint32(0, true) !== MACH_O_64) return undefined;
  const processor = head.getUint32(4, true);
  return `darwin-${MACH_O_PROCESSORS[processor] ?? `processor ${processor}`}`;
}
