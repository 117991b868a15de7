/**
 * nats-server is killed again and again while lines flow. Method: each line is its own, a backend records what arrives, and the
 * components' counters say what was lost: nothing is missing that they do not tell of, and nothing comes twice.
 */
import { expect, test } from "bun:test";

import { startSpout } from "../support/binary.ts";
import { eventually } from "../support/eventually.ts";
import { seriesOnPage } from "../support/metrics-page.ts";
import { startNatsServer } from "../support/nats-server.ts";
import { startRecordingBackend } from "../support/recording-backend.ts";
import { freePort } from "../support/server-process.ts";

const KILLS = 3;
const LINES_A_BODY = 100;
/** Lines that were taken over and are known not to have gone on. */
const LOSSES = ["dropped_nats_lines", "lost_nats_lines", "nats_dropped_lines"];

/** A component with a probe port; `tables` come last in its file. */
async function startProbed(name: string, options: string, tables = "") {
  const port = freePort();
  const spout = await startSpout(name, `${options}\nprobe_port = ${port}\n${tables}`);
  const get = (path: string) => fetch(`http://127.0.0.1:${port}${path}`);
  return {
    spout,
    isReady: () =>
      get("/readyz").then(
        ({ status }) => status === 200,
        () => false,
      ),
    /** The sum of its counters of these names. */
    async count(...names: readonly string[]) {
      const series = Object.entries(seriesOnPage(await (await get("/metrics")).text()));
      const own = series.filter(([key]) => names.includes(key.split("{")[0] ?? ""));
      return own.reduce((sum, [, value]) => sum + value, 0);
    },
    [Symbol.asyncDispose]: () => spout[Symbol.asyncDispose](),
  };
}

test("nats-server killed three times under load: what was acknowledged is written once, or told of", async () => {
  let nats = await startNatsServer();
  const { port: natsPort } = nats;
  await using backend = startRecordingBackend();
  const address = `nats_address = "nats://127.0.0.1:${natsPort}"`;
  const httpPort = freePort();
  await using writer = await startProbed(
    "writer",
    `mode = "writer"\n${address}\nnats_subject = ["hosts"]\nbatch_max_age = "200ms"
     influxdb_address = "127.0.0.1"\ninfluxdb_port = ${backend.port}`,
  );
  await using filter = await startProbed(
    "filter",
    `mode = "filter"\n${address}\nworkers = 2`,
    '[[rule]]\ntype = "basic"\nmatch = "cpu"\nsubject = "hosts"\n',
  );
  await using http = await startProbed(
    "http",
    `mode = "listener_http"\n${address}\nport = ${httpPort}\nbatch_max_age = "50ms"`,
  );
  const all = [writer, filter, http];
  const untilAllReady = () =>
    eventually("all are ready", async () =>
      (await Promise.all(all.map((each) => each.isReady()))).every(Boolean),
    );
  await untilAllReady();

  let acknowledged = 0;
  let bodies = 0;
  let isOver = false;
  const sending = (async () => {
    while (!isOver) {
      const first = bodies++ * LINES_A_BODY;
      const lines = Array.from({ length: LINES_A_BODY }, (_, line) => `cpu seq=${first + line}i\n`);
      const body = lines.join("");
      const { status } = await fetch(`http://127.0.0.1:${httpPort}/write`, {
        method: "POST",
        body,
      });
      if (status === 204) acknowledged += LINES_A_BODY;
      await Bun.sleep(1);
    }
  })();
  for (let kill = 0; kill < KILLS; kill++) {
    const arrived = backend.requests.length;
    await eventually("lines flow", () => backend.requests.length > arrived + 1);
    nats.kill("SIGKILL");
    await nats.exited;
    await nats[Symbol.asyncDispose]();
    nats = await startNatsServer({ port: natsPort });
    await untilAllReady();
  }
  isOver = true;
  await sending;
  // Sources first, so that what each of them holds passes through those behind it.
  await eventually("all is out of the listener", async () => {
    const [received, sent, dropped] = await Promise.all([
      http.count("received_lines"),
      http.count("sent_lines"),
      http.count("dropped_nats_lines"),
    ]);
    return received === acknowledged && sent + dropped === received;
  });
  const lost = await http.count(...LOSSES);
  await http.spout.stop();
  const lostInFilter = await filter.count(...LOSSES);
  const uncounted = (await filter.count("nats_uncounted_breaks")) > 0;
  await filter.spout.stop();
  const uncountedAtLast = uncounted || (await writer.count("nats_uncounted_breaks")) > 0;
  await writer.spout.stop();
  await nats[Symbol.asyncDispose]();

  const lines = backend.lines();
  expect(new Set(lines).size).toBe(lines.length);
  expect(lines.length).toBeGreaterThan(acknowledged / 2);
  const missing = acknowledged - lines.length;
  // What a broken connection had not confirmed counts as lost, though it may have arrived.
  if (!uncountedAtLast) expect(missing).toBeLessThanOrEqual(lost + lostInFilter);
}, 120_000);
