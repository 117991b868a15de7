/** A network of a test's own, with a nats-server in it on its usual port, so that fixed ports collide with nobody's. */
import { readlinkSync } from "node:fs";

import { atEnd } from "./at-end.ts";
import { tryRun } from "./command.ts";
import { eventually } from "./eventually.ts";

export interface Network extends AsyncDisposable {
  /** The command line that runs another one in the network. */
  inside(...command: readonly string[]): string[];
}

/** Needs root. */
export async function startNetwork(): Promise<Network> {
  const server = Bun.spawn(
    ["unshare", "--net", "sh", "-c", "ip link set lo up && exec nats-server --port 4222"],
    {
      env: { PATH: `${process.env["PATH"]}:/usr/sbin:/sbin` },
      stdin: "ignore",
      stdout: "ignore",
      stderr: "ignore",
    },
  );
  // A test that times out never disposes of what it started.
  const forget = atEnd(() => server.kill("SIGKILL"));
  const inside = (...command: readonly string[]) => [
    "nsenter",
    `--net=/proc/${server.pid}/ns/net`,
    ...command,
  ];
  await eventually("nats-server listens in a network of its own", async () => {
    if (server.exitCode !== null) throw new Error(`it ended with ${server.exitCode}`);
    // Until the namespace is there, the process is in ours, where some other server may listen.
    const [its, ours] = [server.pid, "self"].map((pid) => readlinkSync(`/proc/${pid}/ns/net`));
    if (its === ours) return false;
    const { exitCode } = await tryRun(inside("bash", "-c", ": < /dev/tcp/127.0.0.1/4222"));
    return exitCode === 0;
  });
  return {
    inside,
    async [Symbol.asyncDispose]() {
      server.kill("SIGKILL");
      await server.exited;
      forget();
    },
  };
}
