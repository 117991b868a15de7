/** What the running program takes from where it was started: its configuration file, and the environment. */
import { expect, test } from "bun:test";

import { runBinary, startSpout } from "../support/binary.ts";
import { eventually } from "../support/eventually.ts";
import { startRecordingBackend } from "../support/recording-backend.ts";
import { freePort } from "../support/server-process.ts";

test("the log begins with what the configuration warns of, then what is started and all that --version tells", async () => {
  const { stdout: version } = await runBinary(["--version"]);
  await using spout = await startSpout(
    "door",
    `mode = "listener"
     port = ${freePort()}
     nats_subject = ["first", "second"]
     nats_address = "nats://127.0.0.1:${freePort()}"`,
  );
  await spout.logged("cannot connect to NATS");
  const [warning, start] = spout
    .log()
    .split("\n")
    .map((line) => line.replace(/^\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d /, ""));
  expect(warning).toMatch(/^WARN .*door\.toml: nats_subject: only the first subject, "first", is /);
  expect(start).toBe(`INFO ${version.trimEnd()}: starting listener "door"`);
  expect(await spout.stop()).toBe(0);
});

test("the user and the password in the environment are what InfluxDB is sent, and in no log", async () => {
  await using backend = startRecordingBackend();
  const port = freePort();
  await using spout = await startSpout(
    "site",
    `mode = "standalone"
     debug = true
     [[component]]
     mode = "listener_http"
     port = ${port}
     [[component]]
     mode = "writer"
     influxdb_port = ${backend.port}
     batch = 1`,
    { INFLUXDB_USER: "spouter", INFLUXDB_PASS: "hush:hush" },
  );
  await spout.logged("ready");
  await fetch(`http://127.0.0.1:${port}/write`, { method: "POST", body: "cpu v=1\n" });
  const request = await eventually("InfluxDB is written to", () => backend.requests[0]);
  expect(request.body).toBe("cpu v=1\n");
  // "spouter:hush:hush", as base64.
  expect(request.headers["authorization"]).toBe("Basic c3BvdXRlcjpodXNoOmh1c2g=");
  expect(await spout.stop()).toBe(0);
  expect(spout.log()).not.toMatch(/hush|c3BvdXRlcjpodXNoOmh1c2g/);
});
