/** Headers of executables, made by hand after the specifications of ELF (gABI) and Mach-O (loader.h). */
import { expect, test } from "bun:test";

import { targetOf } from "../../../build/executable.ts";
import { tempFolder } from "../../support/temp-folder.ts";

test("an ELF executable is for Linux, for the processor in its header and the C library of its loader", async () => {
  expect(await of(elf(0x3e, "/lib64/ld-linux-x86-64.so.2"))).toBe("linux-x64");
  expect(await of(elf(0xb7, "/lib/ld-linux-aarch64.so.1"))).toBe("linux-arm64");
  expect(await of(elf(0x3e, "/lib/ld-musl-x86_64.so.1"))).toBe("linux-x64-musl");
  expect(await of(elf(0xb7, "/lib/ld-musl-aarch64.so.1"))).toBe("linux-arm64-musl");
});

test("a Mach-O executable is for macOS", async () => {
  expect(await of(machO(0x0100_0007))).toBe("darwin-x64");
  expect(await of(machO(0x0100_000c))).toBe("darwin-arm64");
});

test("anything else is refused, and named", async () => {
  await expect(of(elf(0x28, "/lib/ld-linux.so.3"))).rejects.toThrow("linux-machine 40");
  await expect(of(machO(7))).rejects.toThrow("darwin-processor 7");
  await expect(of(Buffer.from("#!/bin/sh\necho no\n".padEnd(100)))).rejects.toThrow("neither ELF");
  await expect(of(Buffer.from("\x7fELF"))).rejects.toThrow("neither ELF");
  await expect(of(Buffer.alloc(0))).rejects.toThrow("neither ELF");
});

async function of(bytes: Buffer): Promise<string> {
  await using folder = await tempFolder();
  await Bun.write(folder.file("program"), bytes);
  return await targetOf(folder.file("program"));
}

/** 64 bits, little-endian: the header, a program header of another kind, the one that names the loader, its name. */
function elf(machine: number, loader: string): Buffer {
  const file = Buffer.alloc(64 + 2 * 56 + loader.length + 1);
  file.write("\x7fELF\x02\x01\x01");
  file.writeUInt16LE(machine, 18);
  file.writeBigUInt64LE(64n, 32);
  file.writeUInt16LE(56, 54);
  file.writeUInt16LE(2, 56);
  file.writeUInt32LE(1, 64);
  file.writeUInt32LE(3, 120);
  file.writeBigUInt64LE(176n, 128);
  file.writeBigUInt64LE(BigInt(loader.length + 1), 152);
  file.write(`${loader}\0`, 176);
  return file;
}

function machO(processor: number): Buffer {
  const file = Buffer.alloc(32);
  file.writeUInt32LE(0xfeedfacf, 0);
  file.writeUInt32LE(processor, 4);
  return file;
}
