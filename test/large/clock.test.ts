/**
 * Somebody sets the system's clock while the program runs: what is current, and today, is so by the new time at once, on each
 * thread. Method: the real program with a clock of its own, which is a day ahead, then a day behind.
 */
import { expect, test } from "bun:test";

import { connect } from "nats";

import { startSpout } from "../support/binary.ts";
import { eventually } from "../support/eventually.ts";
import { startNatsServer } from "../support/nats-server.ts";
import { freePort } from "../support/server-process.ts";
import { startSteppedClock } from "../support/stepped-clock.ts";

const DAY_SECONDS = 24 * 3600;
const LINES = 200;

test("a filter's threads take the lines of the new time, and drop those of the old one", async () => {
  await using nats = await startNatsServer();
  await using clock = await startSteppedClock();
  await using filter = await startSpout(
    "filter",
    `mode = "filter"
workers = 2
nats_address = "nats://127.0.0.1:${nats.port}"
[[rule]]
type = "basic"
match = "cpu"
subject = "hosts"
`,
    clock.env,
  );
  await filter.logged("filter subscribed to");
  const connection = await connect({ servers: nats.address });
  let passed: string[] = [];
  connection.subscribe("hosts", {
    callback: (_error, message) => void passed.push(...message.string().trim().split("\n")),
  });
  await connection.flush();

  for (const days of [0, 1, -1, 0]) {
    clock.set(days * DAY_SECONDS);
    passed = [];
    const ns = (ofDays: number) => BigInt(Date.now() + ofDays * DAY_SECONDS * 1000) * 1_000_000n;
    // Far more than one thread would be given alone.
    for (let seq = 0; seq < LINES; seq++) {
      const lines = [0, 1, -1].map((ofDays) => `cpu,of=${ofDays} seq=${seq}i ${ns(ofDays)}\n`);
      connection.publish("influx-spout", lines.join(""));
    }
    await eventually("as many lines as are of this day", () => passed.length >= LINES);
    expect(passed.filter((line) => !line.startsWith(`cpu,of=${days} `))).toEqual([]);
  }
  await connection.close();
  expect(await filter.stop()).toBe(0);
}, 60_000);

test("a standalone process writes to the file of the new day, and averages on under the new time", async () => {
  await using clock = await startSteppedClock();
  const port = freePort();
  await using spout = await startSpout(
    "site",
    `mode = "standalone"
[[component]]
mode = "listener_http"
port = ${port}
batch_max_age = "10ms"
[[component]]
mode = "filter"
[[component.rule]]
type = "basic"
match = "cpu"
subject = "hosts"
[[component]]
mode = "downsampler"
nats_subject = ["hosts"]
downsample_period = "1s"
[[component]]
mode = "writer"
nats_subject = ["hosts", "hosts-archive"]
batch_max_age = "10ms"
output = "file"
file_path = "lines/{date}.lp"
`,
    clock.env,
  );
  await spout.logged("ready");
  const textOf = async (days: number) => {
    const day = new Date(Date.now() + days * DAY_SECONDS * 1000).toISOString().slice(0, 10);
    const file = Bun.file(`${spout.folder}/lines/${day}.lp`);
    return (await file.exists()) ? await file.text() : "";
  };
  for (const [step, days] of [0, 1, -1].entries()) {
    clock.set(days * DAY_SECONDS);
    const seconds = Math.floor(Date.now() / 1000) + days * DAY_SECONDS;
    const body = `cpu,step=${step} usage=${step + 1} ${seconds}000000000`;
    const answer = await fetch(`http://127.0.0.1:${port}/write`, { method: "POST", body });
    expect(answer.status).toBe(204);
    await eventually("the line in the file of the day", async () =>
      (await textOf(days)).includes(body),
    );
    await eventually("its average, of the same day", async () =>
      (await textOf(days)).includes(`cpu,step=${step} usage=${step + 1} ${seconds + 1}000000000`),
    );
  }
  expect(await spout.stop()).toBe(0);
  expect(spout.log()).toContain("nothing lost");
}, 60_000);
