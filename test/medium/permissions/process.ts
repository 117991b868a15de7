/** influx-spout as a process, at a nats-server that allows its user "u" what the test says; and a client that may do all. */
import { join } from "node:path";

import { connect, type NatsConnection } from "nats";

import { eventually } from "../../support/eventually.ts";
import { type NatsServer, permissions, startNatsServer } from "../../support/nats-server.ts";
import { freePort } from "../../support/server-process.ts";
import { tempFolder } from "../../support/temp-folder.ts";

const MAIN = join(import.meta.dir, "../../../src/main.ts");

type Allowed = Parameters<typeof permissions>[0];

export interface Site extends AsyncDisposable {
  readonly nats: NatsServer;
  readonly folder: string;
  /** From now on "u" may do so much. */
  allow(allowed: Allowed): Promise<void>;
  /** As somebody who may do everything. Resolves when the server has it. */
  publish(subject: string, text: string): Promise<void>;
  /** What arrived on `subject`, empty messages left out; the first call subscribes. */
  texts(subject: string): Promise<readonly string[]>;
}

export async function startSite(allowed: Allowed): Promise<Site> {
  const nats = await startNatsServer({ config: permissions(allowed) });
  const folder = await tempFolder();
  const connection: NatsConnection = await connect({
    servers: nats.address,
    user: "all",
    pass: "p",
  });
  const bySubject = new Map<string, string[]>();
  return {
    nats,
    folder: folder.path,
    allow: (newAllowed) => nats.reload(permissions(newAllowed)),
    async publish(subject, text) {
      connection.publish(subject, text);
      await connection.flush();
    },
    async texts(subject) {
      const known = bySubject.get(subject);
      if (known !== undefined) return known;
      const texts: string[] = [];
      bySubject.set(subject, texts);
      connection.subscribe(subject, {
        callback: (_, message) => void (message.data.length > 0 && texts.push(message.string())),
      });
      await connection.flush();
      return texts;
    },
    async [Symbol.asyncDispose]() {
      await connection.close();
      await nats[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

export interface Spout extends AsyncDisposable {
  /** The log so far. */
  log(): string;
  /** ERROR lines of the log so far, without their time. */
  errors(): string[];
  readyz(): Promise<number>;
  untilReady(isReady: boolean): Promise<void>;
  /** The counter of the component, 0 before there is one. */
  count(counter: string): Promise<number>;
  /** SIGTERM; resolves with the exit status. */
  stop(): Promise<number>;
}

/** `config` without how to reach NATS and the ports of its own pages. Resolves when it answers probes. */
export async function startSpout(site: Site, config: string): Promise<Spout> {
  const port = freePort();
  const file = join(site.folder, `${port}.toml`);
  const address = `nats_address = "nats://u:p@${site.nats.address}"`;
  await Bun.write(file, `${address}\nprobe_port = ${port}\n${config}`);
  const child = Bun.spawn([process.execPath, MAIN, file], {
    cwd: site.folder,
    stdin: "ignore",
    stdout: "ignore",
    stderr: "pipe",
  });
  let log = "";
  const collected = (async () => {
    const decoder = new TextDecoder();
    for await (const chunk of child.stderr) log += decoder.decode(chunk, { stream: true });
  })();
  const get = (path: string) => fetch(`http://127.0.0.1:${port}${path}`);
  const readyz = async () => (await get("/readyz")).status;
  await eventually("it answers probes", async () => {
    if (child.exitCode !== null) throw new Error(`it ended; it said:\n${log}`);
    return (await get("/healthz").catch(() => undefined))?.ok === true;
  });
  const stop = async () => {
    child.kill("SIGTERM");
    const code = await child.exited;
    await collected;
    return code;
  };
  return {
    log: () => log,
    errors: () => Array.from(log.matchAll(/ (ERROR .*)/g), ([, line = ""]) => line),
    readyz,
    untilReady: (isReady) =>
      eventually(`it is ${isReady ? "" : "not "}ready`, async () => {
        return (await readyz()) === (isReady ? 200 : 503);
      }).then(
        () => {},
        (error: unknown) => {
          throw new Error(`${String(error)}; it said:\n${log}`);
        },
      ),
    async count(counter) {
      const page = await (await get("/metrics")).text();
      return Number(new RegExp(`^${counter}\\{.*\\} (\\d+)$`, "m").exec(page)?.[1] ?? 0);
    },
    stop,
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await child.exited;
    },
  };
}
