/** A thread that does no work, but behaves as the name in its configuration says. */
import { dlopen } from "bun:ffi";

import { noTotals } from "../../../src/filter/counters.ts";
import type { FromThread, StartThread, ToThread } from "../../../src/filter/messages.ts";

declare const self: Worker;

self.onmessage = ({ data: { config } }: MessageEvent<StartThread>) => {
  self.onmessage = ({ data }: MessageEvent<ToThread>) => {
    if (data.kind === "stop") stop(data.remainingMs);
  };
  switch (config.name) {
    case "dies with last words":
      post({ kind: "report", ready: true, totals: counted(7) });
      post({ kind: "died", reason: "out of luck", totals: counted(10) });
      process.exit(1);
      break;
    case "throws":
      post({ kind: "report", ready: true, totals: counted(7) });
      throw new Error("out of luck");
    case "exits":
      process.exit(0);
      break;
    case "dies when told":
      new BroadcastChannel("thread-fixture").onmessage = () => process.exit(0);
      post({ kind: "report", ready: true, totals: counted(7) });
      break;
    case "hangs":
      post({ kind: "report", ready: true, totals: counted(7) });
      for (;;);
    case "is taken away":
      post({ kind: "report", ready: true, totals: counted(7) });
      endThread();
      break;
    case "is deaf":
      setInterval(() => post({ kind: "report", ready: true, totals: counted(7) }), 1);
      break;
    case "works":
    case "had a break":
      post({ kind: "log", level: "warn", text: "something is odd" });
      post({
        kind: "dropped",
        dropped: [{ reason: "bad", where: "from [in]", lines: 2, sample: "a" }],
      });
      post({ kind: "report", ready: true, totals: counted(7) });
      break;
  }

  function stop(remainingMs: number): void {
    if (config.name === "is deaf") return;
    const totals = counted(11);
    if (config.name === "had a break") totals.counters.nats_uncounted_breaks = 1;
    post({ kind: "stopped", lostLines: remainingMs, totals });
    process.exit(0);
  }
};

function counted(lines: number) {
  const { counters } = noTotals(1);
  return { counters: { ...counters, processed: lines, passed: lines }, triggered: [lines] };
}

function post(message: FromThread): void {
  self.postMessage(message);
}

/** As the system would: the runtime hears nothing of it. */
function endThread(): void {
  const { syscall } = dlopen("libc.so.6", {
    syscall: { args: ["i64", "i64"], returns: "i64" },
  }).symbols;
  syscall(process.arch === "x64" ? 60 : 93, 0);
}
