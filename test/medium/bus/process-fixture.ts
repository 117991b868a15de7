/** A process for nats-process.test.ts: opens a bus on the server named, does one thing, and ends if it can. */
import { eventually } from "../../support/eventually.ts";
import { openTestBus, untilUp } from "./nats-support.ts";

const [what = "", server = ""] = process.argv.slice(2);
const { bus, log, uncounted } = openTestBus({ servers: [server] });
const payload = new Uint8Array(10);

function subscribe(
  onDelivery: () => void | Promise<void>,
  onDropped = () => {},
  pendingMaxBytes = 100,
) {
  return bus.subscribe("a", { pendingMaxBytes, onDelivery, onDropped });
}

function fail(): never {
  throw new Error("deliberate");
}

switch (what) {
  case "count": {
    // At the end it says what it was delivered, and what it was told.
    let received = 0;
    await bus.subscribe("a", {
      pendingMaxBytes: 1 << 30,
      onDelivery: () => void received++,
      onDropped() {},
    });
    process.on("SIGTERM", async () => {
      const isBack = () => log.lines.some((line) => line.includes("connected to NATS again"));
      await eventually("the connection to be back", isBack);
      const report = { received, uncounted: uncounted(), log: log.lines };
      process.stdout.write(`${JSON.stringify(report)}\n`);
      process.exit(0);
    });
    process.stdout.write("subscribed\n");
    break;
  }
  case "log":
    // A false server does not confirm it.
    subscribe(() => {}).catch(() => {});
    process.on("SIGTERM", async () => {
      await untilUp(bus);
      process.stdout.write(`${log.lines.join("\n")}\n`);
      process.exit(0);
    });
    break;
  case "close-connected":
    await untilUp(bus);
    await subscribe(() => {});
    await bus.publish("a", payload);
    await bus.close(10_000);
    break;
  case "close-unconnected":
    await bus.publish("a", payload);
    await bus.close(100);
    break;
  case "throw":
    await subscribe(fail);
    await bus.publish("a", payload);
    break;
  case "reject":
    await subscribe(async () => fail());
    await bus.publish("a", payload);
    break;
  case "throw-dropped":
    await subscribe(() => {}, fail, 5);
    await bus.publish("a", payload);
    break;
}
