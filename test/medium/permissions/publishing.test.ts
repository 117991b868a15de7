/**
 * Each component whose permission to publish is missing, taken away and given back: it is not ready meanwhile, every line is
 * forwarded or counted, the stop says what was lost, and lines flow again by themselves.
 */
import { expect, test } from "bun:test";

import { eventually, expectEventually } from "../../support/eventually.ts";
import { freePort } from "../../support/server-process.ts";
import { type Site, type Spout, startSite, startSpout } from "./process.ts";

interface Publishing {
  readonly config: (port: number) => string;
  /** What it publishes on. */
  readonly output: string;
  /** Gives it one line. */
  readonly send: (site: Site, port: number) => Promise<void>;
}

const PUBLISHERS: Readonly<Record<string, Publishing>> = {
  "a UDP listener": {
    config: (port) => `mode = "listener"\nport = ${port}\nbatch_max_count = 1\n`,
    output: "influx-spout",
    async send(_, port) {
      const socket = await Bun.udpSocket({ connect: { hostname: "127.0.0.1", port } });
      socket.send("cpu,host=a v=1\n");
      socket.close();
    },
  },
  "a filter with two threads": {
    config: () =>
      `mode = "filter"\nnats_subject = ["in"]\nworkers = 2\n[[rule]]\ntype = "basic"\nmatch = "cpu"\nsubject = "hosts"\n`,
    output: "hosts",
    send: (site) => site.publish("in", "cpu,host=a v=1\nmem,host=a v=1\n"),
  },
  "a downsampler": {
    config: () => 'mode = "downsampler"\nnats_subject = ["in"]\ndownsample_period = "1s"\n',
    output: "in-archive",
    send: (site) => site.publish("in", "cpu,host=a v=1\n"),
  },
};

function told(spout: Spout, output: string): string[] {
  const start = `what is published on "${output}" is lost, trying on: `;
  return spout.errors().filter((line) => line.includes(start));
}

for (const [name, { config, output, send }] of Object.entries(PUBLISHERS)) {
  test(`${name} whose permission to publish is missing, and later there`, async () => {
    const port = freePort();
    await using site = await startSite({ publish: ["others"] });
    await using spout = await startSpout(site, config(port));
    const arrived = await site.texts(output);
    // Nobody knows before the first line.
    await spout.untilReady(true);
    await eventually("a loss to be counted", async () => {
      await send(site, port);
      return (await spout.count("refused_nats_lines")) > 0;
    });
    expect(await spout.readyz()).toBe(503);
    expect(told(spout, output)[0]).toEndWith(
      "allow it in this user's permissions of nats-server (publish)",
    );
    expect(arrived).toEqual([]);

    await site.allow({});
    await spout.untilReady(true);
    const refused = await spout.count("refused_nats_lines");
    await send(site, port);
    await eventually("the line", () => arrived.length > 0);
    expect(await spout.count("refused_nats_lines")).toBe(refused);
    expect(await spout.stop()).toBe(0);
    expect(spout.log()).toMatch(/stopped .*, nothing lost/);
  });

  test(`${name} whose permission to publish is taken away, until it is stopped`, async () => {
    const port = freePort();
    await using site = await startSite({});
    await using spout = await startSpout(site, config(port));
    const arrived = await site.texts(output);
    await spout.untilReady(true);
    await eventually("the first line", async () => {
      await send(site, port);
      return arrived.length > 0;
    });
    await site.allow({ publish: ["others", "influx-spout-junk"] });
    await eventually("three losses to be counted", async () => {
      await send(site, port);
      return (await spout.count("refused_nats_lines")) >= 3;
    });
    expect(await spout.readyz()).toBe(503);
    expect(await spout.stop()).toBe(1);
    expect(spout.log()).toMatch(/ERROR stopped .*: \d+ lines lost\n/);
    expect(spout.log()).not.toContain("nothing lost");
  });
}

test("an HTTP listener answers 503 while it is known that it may not publish, and loses nothing more", async () => {
  const port = freePort();
  await using site = await startSite({});
  await using spout = await startSpout(
    site,
    `mode = "listener_http"\nport = ${port}\nbatch_max_count = 1\n`,
  );
  const arrived = await site.texts("influx-spout");
  const post = async (body: string) => {
    const answer = await fetch(`http://127.0.0.1:${port}/write`, { method: "POST", body });
    return [answer.status, await answer.text()] as const;
  };
  await spout.untilReady(true);
  expect(await post("a v=1\n")).toEqual([204, ""]);
  await eventually("the line", () => arrived.length === 1);

  await site.allow({ publish: ["others"] });
  let acknowledged = 0;
  const refusal = await eventually("a 503", async () => {
    const [status, text] = await post("b v=1\n");
    if (status === 204) acknowledged++;
    return status === 503 && text;
  });
  expect(JSON.parse(refusal)).toEqual({
    error: "NATS does not allow lines on this listener's subject at the moment, try again",
  });
  for (let time = 0; time < 20; time++) expect((await post("c v=1\n"))[0]).toBe(503);
  // Only what was taken before it was known is lost.
  await expectEventually(() => spout.count("refused_nats_lines"), acknowledged);
  expect(await spout.readyz()).toBe(503);
  expect(told(spout, "influx-spout").length).toBe(1);

  // Nobody sends, and it finds out.
  await site.allow({});
  await spout.untilReady(true);
  expect(await post("d v=1\n")).toEqual([204, ""]);
  await eventually("the line", () => arrived.includes("d v=1\n"));
  expect(arrived).toEqual(["a v=1\n", "d v=1\n"]);
  expect(await spout.count("refused_nats_lines")).toBe(acknowledged);
  expect(await spout.stop()).toBe(0);
});

test("of a filter's outputs one is refused: the lines of the others flow, its own are counted", async () => {
  await using site = await startSite({ publish: ["hosts", "influx-spout-monitor"] });
  const rule = (match: string, subject: string) =>
    `[[rule]]\ntype = "basic"\nmatch = "${match}"\nsubject = "${subject}"\n`;
  await using spout = await startSpout(
    site,
    `mode = "filter"\nnats_subject = ["in"]\nworkers = 1\n${rule("cpu", "hosts")}${rule("mem", "secret")}`,
  );
  const arrived = await site.texts("hosts");
  await spout.untilReady(true);
  for (let time = 0; time < 10; time++) {
    await site.publish("in", "cpu v=1\nmem v=1\nmem v=2\nodd v=1\n");
    await eventually("the lines of the output that is allowed", () => arrived.length > time);
  }
  await eventually("all losses to be counted", async () => {
    return (await spout.count("refused_nats_lines")) === 30;
  });
  expect(await spout.count("sent_lines")).toBe(40);
  expect([told(spout, "secret").length, told(spout, "influx-spout-junk").length]).toEqual([1, 1]);
  expect(await spout.readyz()).toBe(503);
  expect(await spout.stop()).toBe(1);
  expect(spout.log()).toMatch(/ERROR stopped filter .*: 30 lines lost\n/);
});

test("metrics that may not be published are told, and are no reason not to be ready", async () => {
  const port = freePort();
  await using site = await startSite({ publish: ["influx-spout"] });
  await using spout = await startSpout(
    site,
    `mode = "listener_http"\nport = ${port}\nstats_interval = "50ms"\nbatch_max_count = 1\n`,
  );
  await eventually("the refusal to be told", () => told(spout, "influx-spout-monitor").length > 0);
  await spout.untilReady(true);
  const answer = await fetch(`http://127.0.0.1:${port}/write`, { method: "POST", body: "a v=1\n" });
  expect(answer.status).toBe(204);
  const metrics = await site.texts("influx-spout-monitor");
  await site.allow({});
  await eventually("metrics", () => metrics.length > 0);
  expect(await spout.stop()).toBe(0);
});
