/** The monitor on a real bus: what components publish there is on its page, whatever becomes of NATS meanwhile. */
import { expect, test } from "bun:test";
import { hostname } from "node:os";

import { eventually } from "../../support/eventually.ts";
import { startNatsServer } from "../../support/nats-server.ts";
import { startPublisher, startTestMonitor } from "./harness.ts";

test("a metric that is published appears, a later message replaces it and adds another", async () => {
  await using nats = await startNatsServer();
  await using monitor = await startTestMonitor(nats.address);
  await using publisher = await startPublisher(nats.address);

  const labels = '{component="relay",host="b",name="r"}';
  await publisher.publish(`taken${labels} 5 1795337038187\n`);
  await eventually("it appears", async () => (await monitor.page()).includes(`taken${labels} 5\n`));
  const answer = await fetch(`http://127.0.0.1:${monitor.running.port}/metrics`);
  expect(answer.status).toBe(200);
  expect(answer.headers.get("Content-Type")).toStartWith("text/plain");

  await publisher.publish(`taken${labels} 7 1795337041187\ngiven${labels} 6 1795337041187\n`);
  await eventually("both are there", async () =>
    (await monitor.page()).includes(`given${labels} 6\n`),
  );
  const values = await monitor.values();
  expect(values.filter((line) => /^(taken|given|influx_spout_relay)/.test(line))).toEqual([
    `given${labels} 6`,
    'influx_spout_relay_given_total{host="b",name="r"} 6',
    'influx_spout_relay_taken_total{host="b",name="r"} 7',
    `taken${labels} 7`,
  ]);
  const [last = ""] = values.filter((line) => line.startsWith("influx_spout_last_report"));
  expect(last).toStartWith(`influx_spout_last_report_timestamp_seconds${labels} `);
  expect(Math.abs(Number(last.split(" ").at(-1)) - Date.now() / 1000)).toBeLessThan(60);
});

test("components of 1.x, of 2.x and of this version are seen side by side", async () => {
  await using nats = await startNatsServer();
  await using monitor = await startTestMonitor(nats.address);
  await using publisher = await startPublisher(nats.address);
  const published = [
    "spout_stat_listener,listener=old received=5,sent=1,read_errors=0\n",
    'spout_mon type="listener",state="ready",pid=77\n',
    'received{component="listener",host="b",name="newer"} 6 1795337038187\n',
    'triggered{component="filter",host="b",name="f",rule="hosts"} 2 1795337038187',
    'spout_stat_listener,listener=ours received=8,received_lines=80,mode="listener_http",host="c"\n',
    'spout_stat_writer,writer=w,influxdb_address=db,influxdb_port=8086,influxdb_dbname=m written_lines=9,nats_dropped=1,host="c"\n',
    'spout_stat_writer_subject,writer=w,influxdb_address=db,influxdb_port=8086,influxdb_dbname=m,subject=hosts nats_dropped=1,host="c"\n',
  ];
  for (const message of published) await publisher.publish(message);
  await eventually("the last one is taken", async () =>
    (await monitor.page()).includes('subject="hosts"'),
  );
  const values = (await monitor.values()).filter(
    (line) => !/component="monitor"|^influx_spout_(monitor|last)/.test(line),
  );
  const database = 'influxdb_address="db",influxdb_dbname="m",influxdb_port="8086"';
  expect(values).toEqual([
    'influx_spout_filter_triggered_total{host="b",name="f",rule="hosts"} 2',
    'influx_spout_listener_read_errors_total{name="old"} 0',
    'influx_spout_listener_received_lines_total{host="c",mode="listener_http",name="ours"} 80',
    'influx_spout_listener_received_total{host="b",name="newer"} 6',
    'influx_spout_listener_received_total{host="c",mode="listener_http",name="ours"} 8',
    'influx_spout_listener_received_total{name="old"} 5',
    'influx_spout_listener_sent_total{name="old"} 1',
    `influx_spout_writer_nats_dropped_total{host="c",${database},name="w",subject="hosts"} 1`,
    `influx_spout_writer_written_lines_total{host="c",${database},name="w"} 9`,
    `nats_dropped{component="writer",host="c",${database},name="w",subject="hosts"} 1`,
    'read_errors{component="listener",name="old"} 0',
    'received{component="listener",host="b",name="newer"} 6',
    'received{component="listener",host="c",mode="listener_http",name="ours"} 8',
    'received{component="listener",name="old"} 5',
    'received_lines{component="listener",host="c",mode="listener_http",name="ours"} 80',
    'sent{component="listener",name="old"} 1',
    'triggered{component="filter",host="b",name="f",rule="hosts"} 2',
    `written_lines{component="writer",host="c",${database},name="w"} 9`,
  ]);
  expect(monitor.log.lines.filter((line) => !line.startsWith("INFO"))).toEqual([]);
});

test("messages that are no metrics do no harm, and are counted, and told once for each reason", async () => {
  await using nats = await startNatsServer();
  await using monitor = await startTestMonitor(nats.address);
  await using publisher = await startPublisher(nats.address);
  for (const text of ["foo{", "bar{", "foo{}", 'foo{a="b"', "\x00\xff", "", "\n\n"]) {
    await publisher.publish(text);
  }
  await publisher.publish("foo 1");
  await eventually("the good one is there", async () => (await monitor.values()).includes("foo 1"));
  expect(monitor.running.metrics()[0]?.counts).toMatchObject({
    invalid_lines: 5,
    ignored_lines: 0,
  });
  expect(monitor.log.lines.filter((line) => line.startsWith("WARN"))).toEqual([
    'WARN invalid metrics received: line 1: invalid label: "foo{"',
    'WARN invalid metrics received: line 1: no value: "foo{}"',
    'WARN invalid metrics received: line 1: invalid label separator: "foo{a=\\"b\\""',
    'WARN invalid metrics received: line 1: invalid metric: "\\u0000ÿ"',
  ]);
});

test("its page is there while NATS is not, and it is ready only while NATS is", async () => {
  const nats = await startNatsServer();
  const { address, port } = nats;
  await using monitor = await startTestMonitor(address);
  await using publisher = await startPublisher(address);
  await publisher.publish("foo 1\n");
  await eventually("it appears", async () => (await monitor.values()).includes("foo 1"));
  await nats[Symbol.asyncDispose]();
  await eventually("it notices", () => !monitor.running.ready());
  expect(await monitor.values()).toContain("foo 1");

  await using _again = await startNatsServer({ port });
  await eventually("it is ready again", () => monitor.running.ready());
  await eventually("it hears again", async () => {
    await publisher.publish("foo 2\n");
    return (await monitor.values()).includes("foo 2");
  });
});

test("starts before NATS does", async () => {
  const nats = await startNatsServer();
  const { address, port } = nats;
  await nats[Symbol.asyncDispose]();
  await using monitor = await startTestMonitor(address, {}, { isReadyExpected: false });
  expect(monitor.running.ready()).toBe(false);
  expect(await monitor.values()).toContain(
    `received{component="monitor",host="${hostname()}",name="watcher"} 0`,
  );
  await using _late = await startNatsServer({ port });
  await eventually("it is ready", () => monitor.running.ready());
  expect(await monitor.stop()).toEqual({ lostLines: 0 });
  expect(monitor.running.ready()).toBe(false);
});

test("a port that is taken is an error that names it", async () => {
  await using nats = await startNatsServer();
  await using first = await startTestMonitor(nats.address);
  const { port } = first.running;
  await expect(startTestMonitor(nats.address, { port })).rejects.toThrow(
    `cannot bind TCP port ${port}: address already in use`,
  );
});
