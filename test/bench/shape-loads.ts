/**
 * The components that `shapes.ts` measures, each as a process of its own that is sent messages at an even rate, and asked
 * what it has used and what it has counted.
 */
import { startSpout } from "../support/binary.ts";
import { seriesOnPage } from "../support/metrics-page.ts";
import type { NatsServer } from "../support/nats-server.ts";
import { freePort } from "../support/server-process.ts";
import { pace } from "./pace.ts";
import { ProcessorTime } from "./process-usage.ts";
import { connectRaw, frame } from "./raw-nats.ts";
import { type Component, MEASUREMENTS } from "./shape-messages.ts";

export interface Load extends AsyncDisposable {
  readonly component: Component;
  /** Sends a message again and again, in pieces where it is a request; resolves when all are sent. */
  send(pieces: readonly Uint8Array[], options: SendOptions): Promise<void>;
  /** What the process has used so far, in microseconds of processor time. */
  used(): number;
  /** The same once it has nothing more to do. */
  usedWhenQuiet(): Promise<number>;
  counted(): Promise<Counted>;
}

export interface SendOptions {
  readonly perSecond: number;
  readonly seconds: number;
}

/** Lines, by what the component calls them: received_lines, invalid_lines and so on. */
export type Counted = Readonly<Record<string, number>>;

const NOTHING = new Uint8Array(0);
/** Datagrams given to one system call. */
const SEND_AT_ONCE = 32;
/** A process that uses less in one than in the other has nothing to do; a writer's batch waits for less than that. */
const QUIET = { milliseconds: 150, usedMicroseconds: 1500 };

export interface UdpLoad extends Load {
  /** Sends as many copies of a datagram, as fast as the system takes them. */
  sendMany(datagram: Uint8Array, count: number): Promise<void>;
}

export async function startUdpLoad(nats: NatsServer): Promise<UdpLoad> {
  const port = freePort();
  const load = await startLoad("listener", nats, {
    toml: `mode = "listener"
      port = ${port}
      nats_subject = ["bench"]
      batch_max_age = "50ms"
      read_buffer_size = "16MB"`,
    ready: "publishing to",
  });
  const socket = await Bun.udpSocket({ connect: { port, hostname: "127.0.0.1" } });
  const sendMany = async (datagram: Uint8Array, count: number) => {
    for (let left = count; left > 0;) {
      const wanted = Math.min(left, SEND_AT_ONCE);
      const taken = socket.sendMany(Array<Uint8Array>(wanted).fill(datagram));
      left -= taken;
      if (taken < wanted) await Bun.sleep(0);
    }
  };
  return {
    ...load,
    sendMany,
    async send([datagram = NOTHING], { perSecond, seconds }) {
      await pace(perSecond, seconds, (count) => sendMany(datagram, count));
    },
    async [Symbol.asyncDispose]() {
      socket.close();
      await load[Symbol.asyncDispose]();
    },
  };
}

export function startFilterLoad(nats: NatsServer): Promise<Load> {
  const rules = MEASUREMENTS.map(
    (match) =>
      `[[rule]]\ntype = "basic"\nmatch = ${JSON.stringify(match)}\nsubject = "out.${MEASUREMENTS.indexOf(match)}"\n`,
  );
  return startNatsLoad("filter", nats, {
    toml: `mode = "filter"
      nats_subject = ["bench"]
      nats_subject_junkyard = "out.junk"
      workers = 1
      ${rules.join("\n")}`,
    ready: "subscribed",
  });
}

export function startWriterLoad(
  nats: NatsServer,
  backendPort: number,
  component: "writer" | "writer with rules",
): Promise<Load> {
  const rule = '[[rule]]\ntype = "regex"\nmatch = "."\n';
  return startNatsLoad(component, nats, {
    toml: `mode = "writer"
      nats_subject = ["bench"]
      batch_max_count = 1000000
      batch_max_size = "1MB"
      batch_max_age = "50ms"
      influxdb_address = "127.0.0.1"
      influxdb_port = ${backendPort}
      influxdb_dbname = "bench"
      ${component === "writer" ? "" : rule}`,
    ready: "subscribed",
  });
}

/** What is sent is published on the component's subject. */
async function startNatsLoad(
  component: Component,
  nats: NatsServer,
  options: LoadOptions,
): Promise<Load> {
  const load = await startLoad(component, nats, options);
  const connection = await connectRaw(nats.port);
  return {
    ...load,
    async send([message = NOTHING], { perSecond, seconds }) {
      const one = frame("bench", message);
      await pace(perSecond, seconds, (count) =>
        connection.write(Buffer.concat(Array<Uint8Array>(count).fill(one))),
      );
      await connection.flush();
    },
    async [Symbol.asyncDispose]() {
      connection.close();
      await load[Symbol.asyncDispose]();
    },
  };
}

export interface LoadOptions {
  /** What is to be configured but for NATS and the port for probes. */
  readonly toml: string;
  /** In the log when it can work. */
  readonly ready: string;
}

/** Starts the component; who asked for it knows how to send to it. */
export async function startLoad(
  component: Component,
  nats: NatsServer,
  { toml, ready }: LoadOptions,
): Promise<Omit<Load, "send">> {
  const probePort = freePort();
  const name = component.replaceAll(" ", "-");
  const spout = await startSpout(
    name,
    `probe_port = ${probePort}\nnats_address = "nats://127.0.0.1:${nats.port}"\n${toml}`,
  );
  await spout.logged(ready);
  await spout.logged(/connected to NATS|subscribed/);
  const processorTime = new ProcessorTime(spout.pid);
  return {
    component,
    used: () => processorTime.read(),
    async usedWhenQuiet() {
      for (let before = processorTime.read(); ;) {
        await Bun.sleep(QUIET.milliseconds);
        const now = processorTime.read();
        if (now - before < QUIET.usedMicroseconds) return now;
        before = now;
      }
    },
    async counted() {
      const answer = await fetch(`http://127.0.0.1:${probePort}/metrics`);
      return sums(await answer.text());
    },
    [Symbol.asyncDispose]: () => spout[Symbol.asyncDispose](),
  };
}

/** By name, whatever the labels say. */
function sums(page: string): Counted {
  const totals: Record<string, number> = {};
  for (const [series, value] of Object.entries(seriesOnPage(page))) {
    const name = series.replace(/\{.*/, "");
    totals[name] = (totals[name] ?? 0) + value;
  }
  return totals;
}
