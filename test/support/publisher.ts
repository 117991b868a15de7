/** Publishes what a test says, in the place of components. */
import { createOpenBus } from "../../src/bus/open.ts";
import { systemClock } from "../../src/platform/clock.ts";
import { eventually } from "./eventually.ts";
import { natsOptions } from "./nats-options.ts";
import { RecordingLog } from "./recording-log.ts";

export interface Publisher extends AsyncDisposable {
  /** Of the server. */
  readonly address: string;
  publish(text: string, onSubject?: string): Promise<void>;
}

/** Resolves once it is connected. */
export async function startPublisher(address: string, subject: string): Promise<Publisher> {
  const nats = natsOptions({ servers: [address] });
  const openBus = createOpenBus(nats, { clock: systemClock, log: new RecordingLog() });
  const bus = openBus({ name: "test", outboundMaxBytes: 1 << 30 });
  await eventually("the publisher is connected", () => bus.state() === "up");
  return {
    address,
    async publish(text, onSubject = subject) {
      await bus.publish(onSubject, new TextEncoder().encode(text));
    },
    [Symbol.asyncDispose]: () => bus.close(1000),
  };
}
