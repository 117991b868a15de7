/**
 * The real worker, but the thread that gets a message on the subject "die" dies of an error that nobody catches: of a
 * promise's if the message says "reject", thrown otherwise.
 */
import "../../../src/filter/worker.ts";
import { createOpenBus } from "../../../src/bus/open.ts";
import type { StartThread } from "../../../src/filter/messages.ts";
import { systemClock } from "../../../src/platform/clock.ts";
import { RecordingLog } from "../../support/recording-log.ts";

declare const self: Worker;

self.addEventListener("message", ({ data: { config } }: MessageEvent<StartThread>) => {
  if (config === undefined) return;
  const openBus = createOpenBus(config.nats, { clock: systemClock, log: new RecordingLog() });
  const bus = openBus({ name: "dying", outboundMaxBytes: 1, onLost: () => {} });
  void bus.subscribe("die", {
    queue: "dying",
    pendingMaxBytes: 1000,
    onDropped: () => {},
    onDelivery({ payload }) {
      const error = new Error("died on purpose");
      if (new TextDecoder().decode(payload) !== "reject") throw error;
      void Promise.reject(error);
    },
  });
});
