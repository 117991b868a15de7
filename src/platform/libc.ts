/** What the runtime cannot do with a socket or a signal, and the C library of Linux can. */
import { dlopen, type Pointer, read } from "bun:ffi";

export type Libc = ReturnType<typeof openLibc>;

/** Throws on other systems. musl takes the name of the library for itself as well. */
export function openLibc() {
  const { __errno_location, ...calls } = dlopen("libc.so.6", {
    setsockopt: { args: ["i32", "i32", "i32", "ptr", "u32"], returns: "i32" },
    getsockopt: { args: ["i32", "i32", "i32", "ptr", "ptr"], returns: "i32" },
    getpagesize: { args: [], returns: "i32" },
    signal: { args: ["i32", "u64"], returns: "u64" },
    recvmmsg: { args: ["i32", "ptr", "u32", "i32", "ptr"], returns: "i32" },
    __errno_location: { args: [], returns: "ptr" },
  }).symbols;
  return {
    ...calls,
    /** Why the last call failed; to be asked at once. */
    errno: () => read.i32(__errno_location() as Pointer),
  };
}
