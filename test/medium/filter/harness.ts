/** A filter under test against a real nats-server, and a bus client beside it that publishes and collects. */
import type { Bus } from "../../../src/bus/bus.ts";
import { createOpenBus } from "../../../src/bus/open.ts";
import type { FilterConfig } from "../../../src/config/config.ts";
import { startFilter } from "../../../src/filter/filter.ts";
import { systemClock } from "../../../src/platform/clock.ts";
import { deadlineIn, type Running, type StopReport } from "../../../src/platform/lifecycle.ts";
import type { RuleDeclaration } from "../../../src/rules/rule.ts";
import { eventually } from "../../support/eventually.ts";
import { filterConfig } from "../../support/filter-config.ts";
import { natsOptions } from "../../support/nats-options.ts";
import { RecordingLog } from "../../support/recording-log.ts";

export const WORKER_URL = new URL("../../../src/filter/worker.ts", import.meta.url);

export const MONITOR_SUBJECT = "monitor";

export const basic = (match: string, subject: string): RuleDeclaration => ({
  type: "basic",
  match,
  subject,
});

/** For a filter at a real server: two threads, and metrics often. */
export function filterConfigAt(address: string, changes: Partial<FilterConfig> = {}): FilterConfig {
  return filterConfig({
    nats: natsOptions({ servers: [address] }),
    monitorSubject: MONITOR_SUBJECT,
    statsIntervalMs: 50,
    rules: [basic("hello", "hello-subject")],
    workers: 2,
    pendingMaxBytes: 200 * 1024 * 1024,
    ...changes,
  });
}

export interface TestFilter extends AsyncDisposable {
  readonly running: Running;
  readonly log: RecordingLog;
  stop(deadlineMs?: number): Promise<StopReport>;
}

/** Resolves once the filter is ready, unless `isReadyExpected` is false. */
export async function startTestFilter(
  config: FilterConfig,
  { workerUrl = WORKER_URL, isReadyExpected = true } = {},
): Promise<TestFilter> {
  const log = new RecordingLog();
  const deps = { clock: systemClock, log };
  const openBus = createOpenBus(config.nats, deps);
  const running = await startFilter(config, { ...deps, openBus, workerUrl });
  let stopped: Promise<StopReport> | undefined;
  const stop = (deadlineMs = 10_000) => {
    stopped ??= running.stop(deadlineIn(systemClock, deadlineMs));
    return stopped;
  };
  if (isReadyExpected) {
    await eventually("the filter is ready", () => running.ready()).catch((error) => {
      throw new Error(`${error.message}\n${log.lines.join("\n")}`);
    });
  }
  return { running, log, stop, [Symbol.asyncDispose]: () => stop().then(() => {}) };
}

export interface TestClient extends AsyncDisposable {
  readonly bus: Bus;
  /** Every message on every subject, in the order in which they came. */
  readonly messages: readonly { readonly subject: string; readonly text: string }[];
  /** The messages on one subject. */
  texts(subject: string): string[];
  publish(subject: string, text: string): Promise<void>;
  /** The field of the newest line on the monitor subject that starts with `series`; 0 before there is one. */
  metric(series: string, field: string): number;
}

export async function startTestClient(address: string): Promise<TestClient> {
  const deps = { clock: systemClock, log: new RecordingLog() };
  const bus = createOpenBus(
    natsOptions({ servers: [address] }),
    deps,
  )({ name: "test", outboundMaxBytes: 1 << 30, onLost: () => {} });
  const messages: { subject: string; text: string }[] = [];
  const decoder = new TextDecoder("latin1");
  await bus.subscribe(">", {
    pendingMaxBytes: 1 << 30,
    onDelivery: ({ subject, payload }) =>
      void messages.push({ subject, text: decoder.decode(payload) }),
    onDropped: () => {},
  });
  const texts = (subject: string) =>
    messages.filter((message) => message.subject === subject).map(({ text }) => text);
  return {
    bus,
    messages,
    texts,
    publish: (subject, text) => bus.publish(subject, new TextEncoder().encode(text)),
    metric(series, field) {
      const line = texts(MONITOR_SUBJECT).findLast((text) => text.startsWith(series));
      const value = new RegExp(`[ ,]${field}=(\\d+)`).exec(line ?? "")?.[1];
      return Number(value ?? 0);
    },
    [Symbol.asyncDispose]: () => bus.close(1000),
  };
}

/** How many lines there are in all of `texts`. */
export function lineCount(texts: readonly string[]): number {
  return texts.reduce((sum, text) => sum + text.split("\n").length - 1, 0);
}
