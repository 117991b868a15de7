/** Listeners under test against a real nats-server, and a bus client beside them that collects what they publish. */
import { createOpenBus } from "../../../src/bus/open.ts";
import type { HttpListenerConfig, ListenerConfig } from "../../../src/config/config.ts";
import { type HttpListener, startHttpListener } from "../../../src/listener/http.ts";
import { startUdpListener, type UdpListener } from "../../../src/listener/udp.ts";
import { type Clock, systemClock } from "../../../src/platform/clock.ts";
import { deadlineIn, type Running, type StopReport } from "../../../src/platform/lifecycle.ts";
import { eventually } from "../../support/eventually.ts";
import { natsOptions } from "../../support/nats-options.ts";
import { RecordingLog } from "../../support/recording-log.ts";

export const SUBJECT = "lines";
const MONITOR_SUBJECT = "monitor";
const MIB = 1024 * 1024;

/** What a test may change: batches go out by count, and of one payload, unless it says otherwise. */
type Changes<Config> = Partial<Omit<Config, "batch">> & {
  readonly batch?: Partial<ListenerConfig["batch"]>;
};
export type UdpChanges = Changes<ListenerConfig>;
export type HttpChanges = Changes<HttpListenerConfig>;

interface StartOptions {
  readonly isReadyExpected?: boolean;
  readonly isAlone?: boolean;
  readonly clock?: Clock;
}

export interface TestListener<Listener extends Running> extends AsyncDisposable {
  readonly running: Listener;
  readonly port: number;
  readonly log: RecordingLog;
  stop(deadlineMs?: number): Promise<StopReport>;
}

/**
 * Resolves once the listener is bound, and connected unless `isReadyExpected` is false. `isAlone`: as if it had the
 * process to itself.
 */
export async function startTestUdpListener(
  address: string,
  changes: UdpChanges = {},
  options: StartOptions = {},
): Promise<TestListener<UdpListener>> {
  return startTest(udpConfig(address, changes), startUdpListener, options);
}

export function udpConfig(address: string, changes: UdpChanges = {}): ListenerConfig {
  return {
    mode: "listener",
    readBufferBytes: 4 * MIB,
    ...commonConfig(address),
    ...changes,
    batch: batchLimits(changes.batch),
  };
}

/** Resolves once the listener is bound, and connected unless `isReadyExpected` is false. */
export async function startTestHttpListener(
  address: string,
  changes: HttpChanges = {},
  options: StartOptions = {},
): Promise<TestListener<HttpListener>> {
  const config: HttpListenerConfig = {
    mode: "listener_http",
    bodyMaxBytes: 32 * MIB,
    ...commonConfig(address),
    ...changes,
    batch: batchLimits(changes.batch),
  };
  return startTest(config, startHttpListener, options);
}

function commonConfig(address: string) {
  return {
    name: "door",
    debug: false,
    nats: natsOptions({ servers: [address] }),
    outboundMaxBytes: 64 * MIB,
    monitorSubject: MONITOR_SUBJECT,
    statsIntervalMs: 50,
    statsFormat: "line" as const,
    probePort: 0,
    pprofPort: 0,
    stopTimeoutMs: 10_000,
    port: 0,
    subject: SUBJECT,
  };
}

function batchLimits(changes: UdpChanges["batch"] = {}): ListenerConfig["batch"] {
  return { countMax: 1, sizeMaxBytes: MIB, ageMaxMs: 60_000, ...changes };
}

interface Started extends Running {
  readonly port: number;
}

async function startTest<
  Config extends ListenerConfig | HttpListenerConfig,
  Listener extends Started,
>(
  config: Config,
  start: (config: Config, deps: Parameters<typeof startUdpListener>[1]) => Promise<Listener>,
  { isReadyExpected = true, isAlone = false, clock = systemClock }: StartOptions,
): Promise<TestListener<Listener>> {
  const log = new RecordingLog();
  // The program's own log leaves out what is for debugging unless it is asked for.
  if (!config.debug) log.debug = () => {};
  const deps = { clock, log, isAlone };
  const running = await start(config, { ...deps, openBus: createOpenBus(config.nats, deps) });
  let stopped: Promise<StopReport> | undefined;
  const stop = (deadlineMs = 10_000) => {
    stopped ??= running.stop(deadlineIn(systemClock, deadlineMs));
    return stopped;
  };
  if (isReadyExpected) await eventually("the listener is ready", () => running.ready());
  return {
    running,
    port: running.port,
    log,
    stop,
    [Symbol.asyncDispose]: () => stop(100).then(() => {}),
  };
}

export interface Collector extends AsyncDisposable {
  /** The messages with lines, in the order in which they came; bytes as latin1, so that none is lost. */
  readonly texts: readonly string[];
  /** Those on the monitor subject. */
  readonly monitored: readonly string[];
  /** The newest value of a field of `spout_stat_listener`; undefined before there is one. */
  metric(field: string): number | undefined;
  /** Resolves with the messages once there are `count`. */
  received(count: number): Promise<readonly string[]>;
  /** Resolves once all messages together hold exactly `lines`, in any order. */
  receivedLines(lines: readonly string[]): Promise<void>;
}

export async function collect(address: string): Promise<Collector> {
  const deps = { clock: systemClock, log: new RecordingLog() };
  const open = createOpenBus(natsOptions({ servers: [address] }), deps);
  const bus = open({ name: "test", outboundMaxBytes: MIB, onLost: () => {} });
  const texts: string[] = [];
  const monitored: string[] = [];
  const decoder = new TextDecoder("latin1");
  await bus.subscribe(">", {
    pendingMaxBytes: 1 << 30,
    onDelivery({ subject, payload }) {
      if (subject === SUBJECT) texts.push(decoder.decode(payload));
      if (subject === MONITOR_SUBJECT) monitored.push(decoder.decode(payload));
    },
    onDropped: () => {},
  });
  const linesNow = () => texts.join("").split("\n").slice(0, -1);
  return {
    texts,
    monitored,
    metric(field) {
      const line = monitored.findLast((text) => text.startsWith("spout_stat_listener,"));
      const value = new RegExp(`[ ,]${field}=(\\d+)`).exec(line ?? "")?.[1];
      return value === undefined ? undefined : Number(value);
    },
    async received(count) {
      await eventually(`${count} messages`, () => texts.length >= count);
      return texts;
    },
    async receivedLines(lines) {
      const wanted = [...lines].sort();
      await eventually(`${lines.length} lines`, () => linesNow().length >= wanted.length);
      if (!Bun.deepEquals(linesNow().sort(), wanted)) throw new Error("other lines came");
    },
    [Symbol.asyncDispose]: () => bus.close(1000),
  };
}
