/**
 * `flock`, which the runtime does not have: a lock on an open file that no other process, nor another opening of the same
 * file in this one, gets meanwhile, by whatever path it was opened. The system ends it with the file's closing, and with
 * the process, however that ends: nothing is left behind by a crash.
 */
import { dlopen, type Pointer, read } from "bun:ffi";
import { constants } from "node:os";

/** False if somebody else has the lock on the file that is open as `fd`. It ends when `fd` is closed. */
export type TryLock = (fd: number) => boolean;

const LOCK_EX = 2;
const LOCK_NB = 4;

/** What there is to lock with. Where there is nothing, and on file systems without locks, everybody gets every lock. */
export function openTryLock(): TryLock {
  const calls = openCalls();
  if (calls === undefined) return () => true;
  const { flock, errnoPlace } = calls;
  return (fd) => {
    for (;;) {
      if (flock(fd, LOCK_EX | LOCK_NB) === 0) return true;
      const code = read.i32(errnoPlace() as Pointer);
      if (code !== constants.errno.EINTR) return code !== constants.errno.EWOULDBLOCK;
    }
  };
}

function openCalls() {
  const flock = { args: ["i32", "i32"], returns: "i32" } as const;
  const place = { args: [], returns: "ptr" } as const;
  try {
    if (process.platform === "darwin") {
      const { symbols } = dlopen("libSystem.B.dylib", { flock, __error: place });
      return { flock: symbols.flock, errnoPlace: symbols.__error };
    }
    // musl takes the name of the library for itself as well.
    const { symbols } = dlopen("libc.so.6", { flock, __errno_location: place });
    return { flock: symbols.flock, errnoPlace: symbols.__errno_location };
  } catch {
    return undefined;
  }
}
