/** What the runtime cannot do with a socket, and the C library of Linux can. */
import { dlopen } from "bun:ffi";

let opened: ReturnType<typeof open> | undefined;

/** Throws on other systems. musl takes the name of the library for itself as well. */
export function openLibc() {
  opened ??= open();
  return opened;
}

function open() {
  return dlopen("libc.so.6", {
    setsockopt: { args: ["i32", "i32", "i32", "ptr", "u32"], returns: "i32" },
    getsockopt: { args: ["i32", "i32", "i32", "ptr", "ptr"], returns: "i32" },
    getpagesize: { args: [], returns: "i32" },
    recvmmsg: { args: ["i32", "ptr", "u32", "i32", "ptr"], returns: "i32" },
  }).symbols;
}
