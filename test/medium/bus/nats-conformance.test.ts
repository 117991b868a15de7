/** The common promises of a bus, kept by the one over NATS. */
import { startNatsServer } from "../../support/nats-server.ts";
import { runBusConformance } from "./conformance.ts";
import { openTestBus } from "./nats-support.ts";

runBusConformance({
  name: "NATS",
  async start() {
    const server = await startNatsServer();
    return {
      open: (options) => openTestBus({ servers: [server.address] }, options).bus,
      [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
    };
  },
});
