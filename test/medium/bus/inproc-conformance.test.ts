/** The common promises of a bus, kept by the one inside the process. */
import { createInprocOpenBus } from "../../../src/bus/inproc.ts";
import { systemClock } from "../../../src/platform/clock.ts";
import { runBusConformance } from "./conformance.ts";

runBusConformance({
  name: "the process",
  async start() {
    const openBus = createInprocOpenBus({ clock: systemClock });
    return {
      open: (options) => openBus({ name: "test", outboundMaxBytes: 0, onLost() {}, ...options }),
      async [Symbol.asyncDispose]() {},
    };
  },
});
