/** A system clock of its own for one process, which a test sets as root would set the machine's: Debian's libfaketime. */
import { globSync, writeFileSync } from "node:fs";

import { tempFolder } from "./temp-folder.ts";

export interface SteppedClock extends AsyncDisposable {
  /** For the process that is to have it. Its monotonic clock is the machine's. */
  readonly env: Readonly<Record<string, string>>;
  /** Sets it to so many seconds from the machine's: what asks for the time from now on is told that one. */
  set(offsetSeconds: number): void;
}

/** Rejects if the library is missing: a test that needs it must not pass without. */
export async function startSteppedClock(): Promise<SteppedClock> {
  const [library] = globSync("/usr/lib/*/faketime/libfaketimeMT.so.1");
  if (library === undefined) throw new Error("libfaketime is missing: apt-get install faketime");
  const folder = await tempFolder();
  const offsetFile = folder.file("offset");
  const set = (seconds: number) => writeFileSync(offsetFile, `${seconds < 0 ? "" : "+"}${seconds}`);
  set(0);
  return {
    env: {
      LD_PRELOAD: library,
      FAKETIME_TIMESTAMP_FILE: offsetFile,
      FAKETIME_NO_CACHE: "1",
      FAKETIME_DONT_FAKE_MONOTONIC: "1",
    },
    set,
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}
