/** The monitor and a real Prometheus that scrapes it: the judge of what the page says, and of how it changes. */
import { expect, test } from "bun:test";

import { printMetrics } from "../../../src/metrics/print.ts";
import { eventually } from "../../support/eventually.ts";
import { startNatsServer } from "../../support/nats-server.ts";
import { checkWithPromtool, startPrometheus } from "../../support/prometheus.ts";
import { startPublisher, startTestMonitor } from "./harness.ts";

const listener = (received: number) =>
  printMetrics(
    [{ measurement: "spout_stat_listener", tags: { listener: "udp" }, counts: { received } }],
    "line",
    0,
  ).join("");

const NEW_NAME = 'influx_spout_listener_received_total{name="udp"}';

test("promtool accepts the page, whatever is in the labels", async () => {
  await using nats = await startNatsServer();
  await using monitor = await startTestMonitor(nats.address);
  await using publisher = await startPublisher(nats.address);
  for (const name of ["plain", 'quote " and \\ backslash', "ünï, =cödé"]) {
    const set = {
      measurement: "spout_stat_filter_rule",
      tags: { filter: name, rule: name },
      details: { kind: name },
      counts: { triggered: 1, "invalid-time": 2 },
    };
    await publisher.publish(printMetrics([set], "line", 0).join(""));
    await publisher.publish(printMetrics([set], "prometheus", 5).join(""));
  }
  await eventually("all are there", async () => (await monitor.page()).includes("cödé"));
  expect(await checkWithPromtool(await monitor.page())).toBe("");
});

test("Prometheus sees the same number under both names, follows it, and takes a restart for one", async () => {
  await using nats = await startNatsServer();
  await using monitor = await startTestMonitor(nats.address);
  await using publisher = await startPublisher(nats.address);
  await using prometheus = await startPrometheus(monitor.running.port);
  const valueOf = async (expression: string) => (await prometheus.query(expression))[0]?.value;
  const reaches = async (received: number) => {
    await publisher.publish(listener(received));
    await eventually(`${received} is scraped`, async () => (await valueOf(NEW_NAME)) === received);
  };
  await reaches(100);
  expect(await valueOf('received{component="listener",name="udp"}')).toBe(100);
  await reaches(150);
  // The component has started again, and counts from zero.
  await reaches(20);
  await reaches(30);
  expect(await valueOf(`resets(${NEW_NAME}[1m])`)).toBe(1);
  expect(await valueOf('received{component="listener",name="udp"}')).toBe(30);
}, 90_000);

test("a component that falls silent vanishes from Prometheus, others stay", async () => {
  await using nats = await startNatsServer();
  await using monitor = await startTestMonitor(nats.address, { expiryMs: 1000 });
  await using publisher = await startPublisher(nats.address);
  await using prometheus = await startPrometheus(monitor.running.port);
  const isThere = async (name: string) =>
    (await prometheus.query(`received{name="${name}"}`)).length > 0;
  await eventually("it is there", async () => {
    await publisher.publish(listener(1));
    return isThere("udp");
  });
  await eventually("it is gone", async () => {
    await publisher.publish('received{component="listener",name="alive"} 1\n');
    return !(await isThere("udp"));
  });
  expect(await isThere("alive")).toBe(true);
}, 90_000);
