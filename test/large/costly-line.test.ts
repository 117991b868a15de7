/**
 * One line that was made for an expression holds up nobody for long, in whatever it is judged. Method: the real program, and a line
 * of 900 KB for which the expression would take some twelve seconds.
 */
import { expect, test } from "bun:test";
import { join } from "node:path";

import { connect } from "nats";

import { type Spout, startSpout } from "../support/binary.ts";
import { eventually } from "../support/eventually.ts";
import { startNatsServer } from "../support/nats-server.ts";
import { randomFrom } from "../support/random.ts";
import { freePort } from "../support/server-process.ts";

/** Each `a` may be where it begins, so that up to 900 places are followed at once, and no two of their sets are alike. */
const RULE = `[[rule]]
type = "regex"
match = "a.{900}[^a-z ,=0-9]"
subject = "made-up"
[[rule]]
type = "basic"
match = "cpu"
subject = "hosts"
`;

function costlyLine(): string {
  const random = randomFrom(1);
  const value = Array.from({ length: 900_000 }, () => (random.oneIn(2) ? "a" : "b")).join("");
  return `m,k=${value} v=1\n`;
}

const counted = async (port: number, component: string) => {
  const page = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  const pattern = new RegExp(
    `^influx_spout_${component}_dropped_costly_lines_total\\{.*\\} (\\d+)`,
    "m",
  );
  return Number(pattern.exec(page)?.[1]);
};

/** On a busy machine; what tells is that the line was given up. */
const SOON_MS = 30_000;

async function expectTold(spout: Spout, probePort: number, component: string): Promise<void> {
  await eventually("it is counted", async () => (await counted(probePort, component)) === 1);
  expect(spout.log()).toMatch(
    /ERROR .*dropped a line of 900008 bytes: the expressions .* within 1 s \(rule 1 should be simpler\): "m,k=/,
  );
}

test("in a filter's thread", async () => {
  await using nats = await startNatsServer();
  const probePort = freePort();
  await using filter = await startSpout(
    "filter",
    `mode = "filter"
workers = 1
nats_address = "nats://${nats.address}"
probe_port = ${probePort}
${RULE}`,
  );
  await filter.logged("filter subscribed");
  const connection = await connect({ servers: nats.address });
  let received = "";
  connection.subscribe("hosts", {
    callback: (_error, message) => void (received += message.string()),
  });
  await connection.flush();
  connection.publish("influx-spout", costlyLine());
  connection.publish("influx-spout", "cpu v=1\n");
  await eventually("the line behind it", () => received === "cpu v=1\n", SOON_MS);
  await expectTold(filter, probePort, "filter");
  expect((await fetch(`http://127.0.0.1:${probePort}/healthz`)).status).toBe(200);
  await connection.close();
  expect(await filter.stop()).toBe(0);
}, 60_000);

test("in a standalone process, whose filter has no thread of its own, and in its writer", async () => {
  const [port, probePort] = [freePort(), freePort()];
  await using spout = await startSpout(
    "site",
    `mode = "standalone"
probe_port = ${probePort}
batch_max_age = "10ms"
[[component]]
mode = "listener_http"
port = ${port}
[[component]]
mode = "filter"
${RULE.replaceAll("[[rule]]", "[[component.rule]]")}
[[component]]
mode = "writer"
nats_subject = ["influx-spout"]
output = "file"
file_path = "all.lp"
${RULE.replaceAll("[[rule]]", "[[component.rule]]")}
[[component]]
mode = "writer"
nats_subject = ["hosts"]
output = "file"
file_path = "hosts.lp"
`,
  );
  await spout.logged("ready");
  const url = `http://127.0.0.1:${port}/write`;
  for (const body of [costlyLine(), "cpu v=1\n"]) {
    expect((await fetch(url, { method: "POST", body })).status).toBe(204);
  }
  for (const name of ["all.lp", "hosts.lp"]) {
    // Made anew each time: it remembers the size that it found.
    const text = () =>
      Bun.file(join(spout.folder, name))
        .text()
        .catch(() => "");
    await eventually("the line behind it", async () => (await text()) === "cpu v=1\n", SOON_MS);
  }
  await expectTold(spout, probePort, "filter");
  expect(await counted(probePort, "writer")).toBe(1);
  expect(await spout.stop()).toBe(0);
}, 60_000);
