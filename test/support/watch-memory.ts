/** How much memory a writer's process takes while it writes to an InfluxDB in trouble. Linux only. */
import { join } from "node:path";

import { createOpenBus } from "../../src/bus/open.ts";
import { systemClock } from "../../src/platform/clock.ts";
import { natsOptions } from "./nats-options.ts";
import { startNatsServer } from "./nats-server.ts";
import { RecordingLog } from "./recording-log.ts";
import { residentBytesOf } from "./resident.ts";
import { startSlowInfluxd, type Temper } from "./slow-influxd.ts";
import { tempFolder } from "./temp-folder.ts";

export interface MemoryReport {
  /** Resident bytes, twice a second, from the first message on. */
  readonly residentBytes: readonly number[];
  /** The fields of the writer's last metrics. */
  readonly counts: Readonly<Record<string, number>>;
}

const MAIN = join(import.meta.dir, "../../src/main.ts");
const SAMPLE_MS = 500;
/** 1000 lines of 100 bytes. */
const MESSAGE = new TextEncoder().encode(`cpu,host=a v="${"x".repeat(84)}"\n`.repeat(1000));

export interface WatchOptions {
  readonly temper: Partial<Temper>;
  /** Lines of a writer's configuration. */
  readonly toml: string;
  readonly messagesPerSecond: number;
  readonly seconds: number;
  readonly onSample?: (residentBytes: number) => void;
}

export async function watchWriterMemory(options: WatchOptions): Promise<MemoryReport> {
  await using nats = await startNatsServer();
  await using influxd = await startSlowInfluxd(options.temper);
  await using folder = await tempFolder();
  const configPath = folder.file("store.toml");
  await Bun.write(
    configPath,
    `mode = "writer"
     nats_address = "nats://${nats.address}"
     influxdb_address = "127.0.0.1"
     influxdb_port = ${influxd.port}
     stop_timeout = "2s"
     ${options.toml}`,
  );
  const child = Bun.spawn([process.execPath, MAIN, configPath], {
    cwd: folder.path,
    stdio: ["ignore", "ignore", "ignore"],
  });
  const clock = systemClock;
  const openBus = createOpenBus(natsOptions({ servers: [nats.address] }), {
    clock,
    log: new RecordingLog(),
  });
  const bus = openBus({ name: "test", outboundMaxBytes: 64 * 1024 ** 2, onLost: () => {} });
  let metrics = "";
  const heard = Promise.withResolvers<void>();
  await bus.subscribe("influx-spout-monitor", {
    pendingMaxBytes: 1024 ** 2,
    onDelivery({ payload }) {
      const text = new TextDecoder().decode(payload);
      if (!text.startsWith("spout_stat_writer,")) return;
      metrics = text;
      heard.resolve();
    },
    onDropped: () => {},
  });
  try {
    await heard.promise;
    const residentBytes: number[] = [];
    const beganMs = performance.now();
    let sent = 0;
    for (let elapsedMs = 0; elapsedMs < options.seconds * 1000;) {
      elapsedMs = performance.now() - beganMs;
      const due = (elapsedMs / 1000) * options.messagesPerSecond;
      for (; sent < due; sent++) await bus.publish("influx-spout", MESSAGE);
      if (elapsedMs >= residentBytes.length * SAMPLE_MS) {
        residentBytes.push(residentBytesOf(child.pid));
        options.onSample?.(residentBytes.at(-1) ?? 0);
      }
      await Bun.sleep(5);
    }
    return { residentBytes, counts: fieldsOf(metrics) };
  } finally {
    child.kill("SIGKILL");
    await child.exited;
    await bus.close(1000);
  }
}

function fieldsOf(line: string): Record<string, number> {
  const [, fields = ""] = line.split(" ");
  return Object.fromEntries(
    fields.split(",").map((field) => [field.split("=")[0], Number(field.split("=")[1])]),
  );
}
