/** One input subject from its subscription to its output: what is delivered is averaged, and what has ended is published. */
import type { Bus, Delivery, Subscription } from "../bus/bus.ts";
import type { DownsamplerConfig } from "../config/config.ts";
import { countLines } from "../line/split.ts";
import type { Clock } from "../platform/clock.ts";
import type { Drops } from "../platform/drops.ts";
import type { Log } from "../platform/log.ts";
import { formatByteSize } from "../platform/units.ts";
import { Averager } from "./averager.ts";
import type { DownsamplerCounters, SubjectCounts } from "./counters.ts";
import { Period } from "./period.ts";
import { Periods } from "./periods.ts";
import { Publisher } from "./publisher.ts";

export interface StreamOptions {
  readonly config: DownsamplerConfig;
  readonly subject: string;
  readonly bus: Bus;
  readonly counters: DownsamplerCounters;
  readonly clock: Clock;
  readonly log: Log;
  readonly drops: Drops;
}

export class Stream {
  readonly #options: StreamOptions;
  readonly #periods: Periods;
  readonly #averager: Averager;
  readonly #publisher: Publisher;
  #subscription: Subscription | undefined;
  #hasEnded = false;
  #droppedMessages = 0;
  #droppedLines = 0;

  constructor(options: StreamOptions) {
    const { config, subject, bus, counters, clock, log, drops } = options;
    const { functions } = config;
    this.#options = options;
    const output = `${subject}${config.suffix}`;
    this.#publisher = new Publisher({ bus, subject: output, functions, counters, clock, drops });
    this.#periods = new Periods(
      {
        periodNs: config.periodNs,
        createPeriod: () => new Period(config),
        onEnded: (ended) => {
          log.debug(`averages of ${ended.period.seriesCount} series for [${output}]`);
          this.#publisher.add(ended);
        },
      },
      clock.nowMs(),
    );
    this.#averager = this.#createAverager();
  }

  /** True once the server has confirmed the subscription. */
  get isSubscribed(): boolean {
    return this.#subscription !== undefined;
  }

  /** Resolves once it is subscribed; rejects as the bus does. */
  async subscribe(): Promise<void> {
    const { config, subject, bus } = this.#options;
    this.#subscription = await bus.subscribe(subject, {
      pendingMaxBytes: config.pendingMaxBytes,
      onDelivery: (delivery) => this.#take(delivery),
      onDropped: (payload) => this.#countDropped(payload),
    });
  }

  counts(): SubjectCounts {
    const counts = { nats_dropped: this.#droppedMessages, nats_dropped_lines: this.#droppedLines };
    return { subject: this.#options.subject, counts };
  }

  /** Publishes what is over; returns how soon something else will be, as far as is known now. */
  advance(): number {
    const nowMs = this.#options.clock.nowMs();
    this.#periods.advance(nowMs);
    return this.#periods.dueInMs(nowMs);
  }

  /** Takes no more deliveries; resolves when those already accepted are averaged. */
  async drain(): Promise<void> {
    await this.#subscription?.drain();
  }

  /** Publishes what there is, whole periods or not; resolves when the bus has taken it. What comes now is dropped. */
  async end(): Promise<void> {
    this.#hasEnded = true;
    this.#periods.end();
    await this.#publisher.finish();
  }

  /** Drops what {@link end} has not published yet. */
  giveUp(): void {
    this.#publisher.giveUp();
  }

  #createAverager(): Averager {
    const { config, subject, counters, drops } = this.#options;
    const { seriesMax, sizeMaxBytes } = config;
    return new Averager({
      periods: this.#periods,
      counters,
      drops,
      where: `from [${subject}]`,
      limits: `${seriesMax} series (downsample_max_series) or ${formatByteSize(BigInt(sizeMaxBytes))} (downsample_max_size)`,
    });
  }

  /** Hot: once per message. */
  #take(delivery: Delivery): void {
    const { counters, clock, drops, subject } = this.#options;
    const { payload } = delivery;
    counters.add("received");
    if (this.#hasEnded) {
      const lines = countLines(payload);
      counters.add("received_lines", lines);
      counters.add("dropped_stop_lines", lines);
      drops.drop("they came after the last period of a stop", lines, `from [${subject}]`);
    } else {
      this.#averager.take(payload, clock.nowMs());
    }
    // It is part of a period now, which may be published minutes from now: no bus would wait for that.
    delivery.done();
  }

  #countDropped(payload: Uint8Array): void {
    const { subject, config, counters, drops } = this.#options;
    const lines = countLines(payload);
    this.#droppedMessages++;
    this.#droppedLines += lines;
    counters.add("nats_dropped");
    counters.add("nats_dropped_lines", lines);
    const limit = formatByteSize(BigInt(config.pendingMaxBytes));
    const why = `more than ${limit} waited (nats_max_pending_size)`;
    drops.drop(why, lines, `from [${subject}]`);
  }
}
