/** The binary as somebody uses it who wants to see what passes: in pipes, and with what the usage says. */
import { expect, test } from "bun:test";

import { connect } from "nats";

import { buildBinary, runBinary, startSpout } from "../support/binary.ts";
import { eventually } from "../support/eventually.ts";
import { startNatsServer } from "../support/nats-server.ts";
import { freePort } from "../support/server-process.ts";
import { CONTROL_C, startTap, startTapOnTerminal } from "../support/tap.ts";

test("shows what a filter makes of the lines, in a pipe and on a terminal, without taking any of them", async () => {
  await using nats = await startNatsServer();
  const port = freePort();
  const common = `nats_address = "nats://${nats.address}"\n`;
  await using listener = await startSpout(
    "listener",
    `mode = "listener_http"\nport = ${port}\nbatch_max_age = "10ms"\n${common}`,
  );
  await using filter = await startSpout(
    "filter",
    `mode = "filter"\n${common}[[rule]]\ntype = "basic"\nmatch = "cpu"\nsubject = "hosts"\n`,
  );
  const command = [await buildBinary()];
  const server = `--server=nats://${nats.address}`;
  await using all = startTap({ command, args: [server, "influx-spout"] });
  await using sorted = startTapOnTerminal({
    command,
    args: ["hosts", "influx-spout-junk", server, "--match", "host=a"],
    env: { NO_COLOR: "" },
  });
  await Promise.all([
    listener.logged("connected to NATS"),
    filter.logged("subscribed to"),
    all.said("tap subscribed to [influx-spout]"),
    sorted.shows("tap subscribed to [hosts influx-spout-junk]"),
  ]);

  const body = 'cpu,host=a v=1i\r\nmem,host=b v="\x1b[31m"\nbroken\ndisk,host=a v=2\n';
  await fetch(`http://127.0.0.1:${port}/write`, { method: "POST", body });
  await sorted.shows("\u001b[2mhosts\u001b[0m \u001b[1mcpu\u001b[0m,");
  await sorted.shows("\u001b[2minflux-spout-junk\u001b[0m \u001b[1mdisk\u001b[0m,");
  const bytes = 'cpu,host=a v=1i\nmem,host=b v="\x1b[31m"\nbroken\ndisk,host=a v=2\n';
  await eventually("the pipe has all of it", () => all.output() === bytes);

  sorted.type(CONTROL_C);
  expect(await sorted.exited).toBe(0);
  // The broken line does not pass the filter.
  await sorted.shows(/passed 3 {2}shown 2 {2}dropped 0 {2}in \d+\.\d s\r\n$/);
  all.signal("SIGTERM");
  expect(await all.exited).toBe(0);
  expect(all.messages()).toContain("passed 4  shown 4  dropped 0  in ");
});

test("ends with status 0, and with head, when head has its lines", async () => {
  await using nats = await startNatsServer();
  const connection = await connect({ servers: nats.address });
  const script = '"$0" tap "$1" hosts 2> /dev/null | head -n 2; echo "${PIPESTATUS[*]}"';
  const server = `--server=${nats.address}`;
  const child = Bun.spawn(["bash", "-c", script, await buildBinary(), server], { stdout: "pipe" });
  const output = new Response(child.stdout).text();
  while (child.exitCode === null) {
    connection.publish("hosts", "cpu v=1\ncpu v=2\ncpu v=3\n");
    await connection.flush();
    await Bun.sleep(5);
  }
  await connection.close();
  expect(await output).toBe("cpu v=1\ncpu v=2\n0 0\n");
});

test("without a subject, or with anything else wrong, says how it is used and ends with status 2", async () => {
  for (const args of [["tap"], ["tap", "a", "a"], ["tap", "--match", "(", "a"], ["tap", "-x"]]) {
    const { exitCode, stdout, stderr } = await runBinary(args);
    expect({ args, exitCode, stdout }).toEqual({ args, exitCode: 2, stdout: "" });
    expect(stderr).toStartWith("influx-spout: tap: ");
    expect(stderr).toContain("\n\nUsage: influx-spout tap ");
  }
  const help = await runBinary(["tap", "--help"]);
  expect(help).toMatchObject({ exitCode: 0, stderr: "" });
  expect(help.stdout).toStartWith("Usage: influx-spout tap ");
});
