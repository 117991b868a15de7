/** Opens buses against servers of the tests. */
import type { Bus, BusOptions, Loss } from "../../../src/bus/bus.ts";
import type { NatsOptions } from "../../../src/bus/nats-options.ts";
import type { NatsTimes } from "../../../src/bus/nats-times.ts";
import { openNatsBus } from "../../../src/bus/nats.ts";
import { type Clock, systemClock } from "../../../src/platform/clock.ts";
import { eventually } from "../../support/eventually.ts";
import { natsOptions } from "../../support/nats-options.ts";
import { RecordingLog } from "../../support/recording-log.ts";

/** Pauses are short; what a slow machine could trip over is as long as in operation. */
const TIMES: NatsTimes = {
  connectMaxMs: 5_000,
  pingIntervalMs: 10_000,
  retryFirstMs: 10,
  retryMaxMs: 50,
  steadyMs: 1_000,
  settleMs: 0,
  moveMs: 200,
  refusedFirstMs: 50,
  refusedMaxMs: 200,
};

export interface TestBus extends AsyncDisposable {
  /** How often onUncounted was called. */
  readonly uncounted: () => number;
  readonly bus: Bus;
  readonly log: RecordingLog;
  /** What onLost was called with. */
  readonly lost: { readonly subject: string; readonly lines: number; readonly why: Loss }[];
}

export function openTestBus(
  nats: Partial<NatsOptions> & Pick<NatsOptions, "servers">,
  options: Partial<BusOptions> & {
    readonly times?: Partial<NatsTimes>;
    readonly clock?: Clock;
  } = {},
): TestBus {
  const log = new RecordingLog();
  const lost: { subject: string; lines: number; why: Loss }[] = [];
  let uncounted = 0;
  const bus = openNatsBus(
    {
      name: "test",
      outboundMaxBytes: 64 * 1024 * 1024,
      onLost: (subject, lines, why) => void lost.push({ subject, lines, why }),
      onUncounted: () => void uncounted++,
      ...options,
    },
    natsOptions(nats),
    { clock: options.clock ?? systemClock, log },
    { ...TIMES, ...options.times },
  );
  return { bus, log, lost, uncounted: () => uncounted, [Symbol.asyncDispose]: () => bus.close(0) };
}

export async function untilUp(bus: Bus): Promise<void> {
  await eventually("the bus to be up", () => bus.state() === "up");
}

/** Subscribes; the list grows with the texts of what arrives. */
export async function collect(bus: Bus, subject: string): Promise<string[]> {
  const received: string[] = [];
  await bus.subscribe(subject, {
    pendingMaxBytes: 64 * 1024 * 1024,
    onDelivery: ({ payload }) => void received.push(decode(payload)),
    onDropped: () => {},
  });
  return received;
}

/** Payloads "0", "1" and so on, each padded with spaces to `sizeBytes`. */
export function numbered(count: number, sizeBytes = 0): Uint8Array[] {
  return Array.from({ length: count }, (_, index) =>
    new TextEncoder().encode(String(index).padEnd(sizeBytes)),
  );
}

/** The text of a payload, its padding aside. */
export function decode(payload: Uint8Array): string {
  return new TextDecoder().decode(payload).trimEnd();
}
