/** What a test of the writer needs around it: a bus to publish on, and a writer that ends with the test. */
import type { Bus } from "../../../src/bus/bus.ts";
import { createOpenBus } from "../../../src/bus/open.ts";
import type { InfluxOptions, WriterConfig } from "../../../src/config/config.ts";
import { systemClock } from "../../../src/platform/clock.ts";
import { deadlineIn, type Running, type StopReport } from "../../../src/platform/lifecycle.ts";
import { openFileSystem } from "../../../src/writer/file-system.ts";
import { startWriter } from "../../../src/writer/writer.ts";
import { eventually } from "../../support/eventually.ts";
import { natsOptions } from "../../support/nats-options.ts";
import type { NatsServer } from "../../support/nats-server.ts";
import { RecordingLog } from "../../support/recording-log.ts";
import { writerConfig } from "../../support/writer-config.ts";

export interface TestWriter extends AsyncDisposable {
  readonly running: Running;
  readonly log: RecordingLog;
  stop(deadlineMs?: number): Promise<StopReport>;
}

/** Changes to the defaults of 1.x; `influxdb` changes single options of the output that they have. */
export interface WriterChanges extends Partial<Omit<WriterConfig, "nats">> {
  readonly influxdb?: Partial<InfluxOptions>;
}

/** Starts a writer from `nats` to the backend on `backendPort` and waits until it is subscribed. Its metrics come ten times a second. */
export async function startTestWriter(
  nats: NatsServer,
  backendPort: number,
  changes: WriterChanges = {},
): Promise<TestWriter> {
  const { influxdb, ...others } = changes;
  const config = writerConfig({
    statsIntervalMs: 100,
    nats: natsOptions({ servers: [nats.address] }),
    output: influxOptions({ port: backendPort, ...influxdb }),
    ...others,
  });
  const log = new RecordingLog();
  const clock = systemClock;
  const openBus = createOpenBus(config.nats, { clock, log });
  const running = await startWriter(config, {
    clock,
    log,
    openBus,
    fetch,
    files: openFileSystem(),
    stdout: process.stdout,
  });
  await eventually("the writer is subscribed", () =>
    log.lines.some((line) => line.startsWith("INFO writer subscribed")),
  );
  let stopping: Promise<StopReport> | undefined;
  const stop = (deadlineMs = 10_000) =>
    (stopping ??= running.stop(deadlineIn(systemClock, deadlineMs)));
  return {
    running,
    log,
    stop,
    async [Symbol.asyncDispose]() {
      await stop(0);
    },
  };
}

export interface TestBus extends AsyncDisposable {
  readonly bus: Bus;
  publish(subject: string, text: string): Promise<void>;
  /** The fields of the last `spout_stat_writer` line of the writer of that name. */
  stats(writer?: string): Readonly<Record<string, number>>;
  /** All that came on the monitor subject. */
  readonly monitored: readonly string[];
}

/** A connection of the test's own: publishes for the writer, and listens to its metrics. */
export async function openTestBus(nats: NatsServer): Promise<TestBus> {
  const clock = systemClock;
  const openBus = createOpenBus(natsOptions({ servers: [nats.address] }), {
    clock,
    log: new RecordingLog(),
  });
  const bus = openBus({ name: "test", outboundMaxBytes: 1024 ** 3, onLost: () => {} });
  const monitored: string[] = [];
  await bus.subscribe(writerConfig().monitorSubject, {
    pendingMaxBytes: 1024 ** 2,
    onDelivery: ({ payload }) => void monitored.push(new TextDecoder().decode(payload)),
    onDropped: () => {},
  });
  return {
    bus,
    monitored,
    publish: (subject, text) => bus.publish(subject, new TextEncoder().encode(text)),
    stats(writer = "store") {
      const start = `spout_stat_writer,writer=${writer},`;
      const line = monitored.findLast((text) => text.startsWith(start)) ?? "";
      const fields = line.trimEnd().slice(line.lastIndexOf(" ") + 1);
      return Object.fromEntries(
        fields.split(",").map((field) => [field.split("=")[0], Number(field.split("=")[1])]),
      );
    },
    async [Symbol.asyncDispose]() {
      await bus.close(1000);
    },
  };
}

function influxOptions(changes: Partial<InfluxOptions>): InfluxOptions {
  const { output } = writerConfig();
  if (output.kind !== "influxdb") throw new Error("1.x wrote to InfluxDB");
  return { ...output, ...changes };
}

/** Each test has a server of its own, and this is all there is to know to reach it. */
