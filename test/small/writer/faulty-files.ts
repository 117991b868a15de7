/** The real file system, of which single operations fail as a test says: a disk that is full, broken or not ours. */
import * as real from "node:fs/promises";

import { openTryLock } from "../../../src/platform/file-lock.ts";
import type { FileSystem } from "../../../src/writer/file-system.ts";

type Operation = Exclude<keyof FileSystem, "tryLock"> | "write" | "truncate";

export class FaultyFiles implements FileSystem {
  /** These operations fail with the system's code beside them. */
  readonly failures = new Map<Operation, string>();
  /** As much is written before the disk is full. */
  roomBytes = Infinity;
  /** What happens on the disk just before it is found full. */
  beforeFull: () => Promise<void> = async () => {};
  /** No write takes more at once. */
  pieceBytes = Infinity;
  /** If set, a write waits for it. */
  hang: Promise<void> | undefined;
  /** How often each was called. */
  readonly calls = new Map<Operation, number>();

  readonly open = this.#faulty("open", async (path: string, flags: string) => {
    const file = await real.open(path, flags);
    return new Proxy(file, {
      get: (target, name) => {
        if (name === "write") return this.#write(target);
        const value: unknown = Reflect.get(target, name, target);
        if (typeof value !== "function") return value;
        const method = value.bind(target);
        return name === "truncate" ? this.#faulty(name, method) : method;
      },
    });
  }) as FileSystem["open"];
  readonly mkdir = this.#faulty("mkdir", real.mkdir) as FileSystem["mkdir"];
  readonly stat = this.#faulty("stat", real.stat) as FileSystem["stat"];
  readonly readdir = this.#faulty("readdir", real.readdir as never) as FileSystem["readdir"];
  readonly rename = this.#faulty("rename", real.rename) as FileSystem["rename"];
  readonly tryLock = openTryLock();
  readonly unlink = this.#faulty("unlink", real.unlink) as FileSystem["unlink"];

  #write(file: real.FileHandle) {
    const write = async (
      bytes: Uint8Array,
      offset = 0,
      length = bytes.length - offset,
      at?: number,
    ) => {
      await this.hang;
      if (this.roomBytes === 0) {
        await this.beforeFull();
        throw systemError("ENOSPC");
      }
      const written = Math.min(length, this.roomBytes, this.pieceBytes);
      this.roomBytes -= written;
      return file.write(bytes, offset, written, at);
    };
    return this.#faulty("write", write);
  }

  #faulty<Arguments extends unknown[], Result>(
    operation: Operation,
    work: (...args: Arguments) => Promise<Result>,
  ) {
    return async (...args: Arguments): Promise<Result> => {
      this.calls.set(operation, (this.calls.get(operation) ?? 0) + 1);
      const code = this.failures.get(operation);
      if (code !== undefined) throw systemError(code);
      return work(...args);
    };
  }
}

function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: as the test wants it`), { code });
}
