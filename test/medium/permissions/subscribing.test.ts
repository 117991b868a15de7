/**
 * Each component whose subscription nats-server refuses, takes away and gives back: it is not ready meanwhile, says what helps,
 * and lines flow again by themselves.
 */
import { expect, test } from "bun:test";
import { join } from "node:path";

import { eventually } from "../../support/eventually.ts";
import { startTap } from "../../support/tap.ts";
import { type Site, type Spout, startSite, startSpout } from "./process.ts";

const MAIN = join(import.meta.dir, "../../../src/main.ts");
const LINE = "cpu,host=a v=1\n";

interface Reader {
  readonly config: string;
  readonly subject: string;
  /** "" if there is none. */
  readonly queue: string;
  /** How many connections ask: each tells of its own. */
  readonly connections?: number;
}

const FILE = 'output = "file"\nfile_path = "out.lp"\nbatch_max_age = "10ms"\n';

const READERS: Readonly<Record<string, Reader>> = {
  "a filter with two threads": {
    config: 'mode = "filter"\nnats_subject = ["in"]\nworkers = 2\n',
    subject: "in",
    queue: "filter",
    connections: 2,
  },
  "a writer": {
    config: `mode = "writer"\nnats_subject = ["in"]\n${FILE}`,
    subject: "in",
    queue: "",
  },
  "a writer with a queue group": {
    config: `mode = "writer"\nnats_subject = ["in"]\nqueue_group = "store"\n${FILE}`,
    subject: "in",
    queue: "store",
  },
  "a downsampler": {
    config: 'mode = "downsampler"\nnats_subject = ["in"]\n',
    subject: "in",
    queue: "",
  },
  "a monitor": {
    config: 'mode = "monitor"\nport = 0\nnats_subject_monitor = "in"\nstats_interval = "1h"\n',
    subject: "in",
    queue: "",
  },
  "a filter and a writer in one process": {
    config: `mode = "standalone"\n[[component]]\nmode = "filter"\nnats_subject = ["in"]\n[[component]]\nmode = "writer"
nats_subject = ["out"]\n${FILE}`,
    subject: "in",
    queue: "filter",
  },
};

for (const [name, { config, subject, queue, connections = 1 }] of Object.entries(READERS)) {
  const inQueue = queue === "" ? "" : ` in queue group "${queue}"`;
  const notSubscribed = (spout: Spout) =>
    spout
      .errors()
      .filter((line) => line.includes(`not subscribed to "${subject}"${inQueue}, trying on: `));

  const arrives = async (site: Site, spout: Spout) => {
    const before = await spout.count("received");
    await eventually("a message to be received", async () => {
      await site.publish(subject, LINE);
      return (await spout.count("received")) > before;
    });
  };

  test(`${name} that may not subscribe at the start, and later may`, async () => {
    await using site = await startSite({ subscribe: ["others"] });
    await using spout = await startSpout(site, config);
    await eventually("the refusal to be told", () => notSubscribed(spout).length >= connections);
    expect(notSubscribed(spout)[0]).toEndWith(
      "allow it in this user's permissions of nats-server (subscribe)",
    );
    expect([await spout.readyz(), spout.log()]).toEqual([
      503,
      expect.not.stringContaining(" subscribed to ["),
    ]);
    await site.allow({});
    await spout.untilReady(true);
    await arrives(site, spout);
  });

  test(`${name} whose permission to subscribe is taken away and given back`, async () => {
    await using site = await startSite({});
    await using spout = await startSpout(site, config);
    await spout.untilReady(true);
    await arrives(site, spout);

    await site.allow({ subscribe: ["others", "out"] });
    await spout.untilReady(false);
    await eventually("the refusal to be told", () => notSubscribed(spout).length >= connections);
    const before = await spout.count("received");
    await site.publish(subject, LINE);
    expect(await spout.count("received")).toBe(before);

    await site.allow({});
    await spout.untilReady(true);
    await arrives(site, spout);
    expect(notSubscribed(spout).length).toBe(connections);
  });
}

test("a writer of which one subject in two is refused is not ready, and writes the other", async () => {
  await using site = await startSite({ subscribe: ["one"] });
  const config = `mode = "writer"\nnats_subject = ["one", "two"]\n${FILE}`;
  await using spout = await startSpout(site, config);
  await eventually("the refusal to be told", () => spout.errors().length > 0);
  await site.publish("one", LINE);
  await eventually(
    "the line to be written",
    async () => (await spout.count("written_lines")) === 1,
  );
  expect(await spout.readyz()).toBe(503);
});

test("tap tells of a subject that it may not see, and shows what passes when it may", async () => {
  await using site = await startSite({ subscribe: ["others"] });
  const server = `nats://u:p@${site.nats.address}`;
  await using tap = startTap({
    command: [process.execPath, MAIN],
    args: ["--server", server, "in"],
  });
  await tap.said('ERROR not subscribed to "in", trying on: ');
  await site.allow({});
  await tap.said("tap subscribed to [in]");
  await site.publish("in", LINE);
  await eventually("the line", () => tap.output() === LINE);

  await site.allow({ subscribe: ["others"] });
  await eventually(
    "the refusal to be told again",
    () => tap.messages().split("ERROR").length === 3,
  );
  await site.allow({});
  await eventually(
    "to be told that it is over",
    () => tap.messages().split("allows it now").length === 3,
  );
  await site.publish("in", LINE);
  await eventually("the next line", () => tap.output() === LINE + LINE);
});
