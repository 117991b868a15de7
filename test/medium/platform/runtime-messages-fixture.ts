/** A program whose parts print by themselves, or fail, in the way that its argument names. */
import { EventEmitter } from "node:events";

import { systemClock } from "../../../src/platform/clock.ts";
import { stackOf } from "../../../src/platform/errors.ts";
import { LogWriter } from "../../../src/platform/log-writer.ts";
import { createLog } from "../../../src/platform/log.ts";
import { adoptRuntimeMessages } from "../../../src/platform/runtime-messages.ts";
import { createSink } from "../../../src/platform/sink.ts";

const EVIL = "\u001b[31m\u009b2J\u202e\nsecond";

const writer = new LogWriter(createSink(2, systemClock), systemClock);
const log = createLog({ debug: false, write: writer.write, clock: systemClock });
adoptRuntimeMessages(log, systemClock, (thrown) => {
  log.error(`ended: ${stackOf(thrown)}`);
  void writer.idle().then(() => process.exit(1));
});

switch (process.argv[2]) {
  case "rejection":
    void Promise.reject(new Error(`rejected ${EVIL}`));
    break;
  case "exception":
    setTimeout(() => {
      throw new Error(`thrown ${EVIL}`);
    }, 1);
    break;
  case "thrown text":
    setTimeout(() => {
      throw EVIL;
    }, 1);
    break;
  case "warning": {
    process.emitWarning(`of ours ${EVIL}`);
    const emitter = new EventEmitter();
    for (let count = 0; count < 12; count++) emitter.on("event", () => {});
    setTimeout(() => void writer.idle().then(() => process.exit(0)), 50);
    break;
  }
  case "console":
    for (let time = 0; time < 1000; time++) console.error("bytes", EVIL, { a: 1 });
    console.log("to standard output");
    void writer.idle().then(() => process.exit(0));
}
