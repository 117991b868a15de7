/**
 * Joins a bus connection, a router and the counters: what arrives on the filter's subject leaves by its rules. Runs
 * on whatever thread it is started on.
 */
import { type Bus, BusClosed, type Delivery, type OpenBus, type Subscription } from "../bus/bus.ts";
import type { FilterConfig } from "../config/config.ts";
import { countLines } from "../line/split.ts";
import { Counters } from "../metrics/counters.ts";
import { LOSS_COUNTERS } from "../metrics/losses.ts";
import type { Clock } from "../platform/clock.ts";
import { earlier, isDoneInTime } from "../platform/deadline.ts";
import type { Drops } from "../platform/drops.ts";
import { type Deadline, type StopReport, stopReport } from "../platform/lifecycle.ts";
import { type Log, throttled } from "../platform/log.ts";
import { compileRules } from "../rules/compile.ts";
import { costlyLineText } from "../rules/meter.ts";
import {
  FILTER_COUNTERS,
  type FilterCounter,
  type FilterTotals,
  hasUncounted,
  lostLines,
} from "./counters.ts";
import { Publisher } from "./publisher.ts";
import { Router } from "./router.ts";

export interface FilterPartOptions {
  readonly config: FilterConfig;
  readonly openBus: OpenBus;
  readonly clock: Clock;
  readonly log: Log;
  /** Hears of every line that is dropped. */
  readonly drops: Drops;
  /** Called once, when the subscription stands. */
  readonly onReady: () => void;
  /** Called while a message takes long to route, and nothing else gets its turn. */
  readonly onWorking?: () => void;
  /** Called with the size of each message that was routed. */
  readonly onRouted?: (bytes: number) => void;
}

/** What routing the rest gets of the time to stop; what is left of it is for NATS to confirm what was published. */
const DRAIN_SHARE = 0.8;

export class FilterPart {
  readonly #config: FilterConfig;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #counters = new Counters<FilterCounter>(FILTER_COUNTERS);
  readonly #triggered: number[];
  readonly #router: Router;
  readonly #onRouted: (bytes: number) => void;
  readonly #bus: Bus;
  readonly #publisher: Publisher;
  readonly #drops: Drops;
  /** Where the lines come from, for the log. */
  readonly #where: string;
  #subscription: Subscription | undefined;

  /** Connects and subscribes in the background. */
  constructor(options: FilterPartOptions) {
    const { config, clock, log } = options;
    this.#config = config;
    this.#onRouted = options.onRouted ?? (() => {});
    this.#clock = clock;
    this.#log = log;
    this.#drops = options.drops;
    this.#where = `from [${config.subject}]`;
    this.#triggered = new Array<number>(config.rules.length).fill(0);
    this.#router = this.#createRouter(options.onWorking ?? (() => {}));
    this.#bus = options.openBus({
      name: config.name,
      outboundMaxBytes: config.outboundMaxBytes,
      onLost: (_subject, lines, why) => this.#counters.add(LOSS_COUNTERS[why], lines),
      onUncounted: () => this.#counters.add("nats_uncounted_breaks"),
    });
    this.#publisher = new Publisher({
      router: this.#router,
      bus: this.#bus,
      counters: this.#counters,
      drops: this.#drops,
      where: this.#where,
    });
    void this.#subscribe(options.onReady);
  }

  /** True while it is subscribed and the bus is up. */
  ready(): boolean {
    return this.#subscription !== undefined && this.#bus.isReady();
  }

  /** It lives and dies with the thread it is on. */
  alive(): boolean {
    return true;
  }

  /** A copy. */
  totals(): FilterTotals {
    return { counters: this.#counters.snapshot(), triggered: [...this.#triggered] };
  }

  /** Routes what was accepted, publishes it and closes the bus; ends by the deadline in any case. Never rejects. */
  async stop(deadline: Deadline): Promise<StopReport> {
    // What is lost for as long as NATS does not allow it is told at a stop as well.
    const lostBefore = lostLines(this.totals()) - this.#bus.refusedLines();
    // The bus takes no publication from the moment of close(), and what waits is still to be published.
    const drained = this.#subscription?.drain() ?? Promise.resolve();
    await isDoneInTime(drained, earlier(deadline, DRAIN_SHARE), this.#clock);
    void this.#publisher.publish();
    await this.#bus.close(deadline.remainingMs());
    // What was routed since then is refused, and counted.
    await this.#publisher.publish();
    const totals = this.totals();
    return stopReport(lostLines(totals) - lostBefore, hasUncounted(totals));
  }

  #createRouter(onWorking: () => void): Router {
    const { rules, junkyardSubject, timeDeltaMaxNs, sortTags } = this.#config;
    const clock = this.#clock;
    const logCostlyLine = throttled((text) => this.#log.error(text), clock);
    return new Router({
      ruleSet: compileRules(rules, { clock, onWorking }),
      ruleSubjects: rules.map((rule) => rule.subject),
      junkyardSubject,
      timeDeltaMaxNs,
      sortTags,
      clock,
      counters: this.#counters,
      triggered: this.#triggered,
      drops: this.#drops,
      where: this.#where,
      onCostlyLine: (line, rule) => logCostlyLine(costlyLineText(line, rule)),
    });
  }

  async #subscribe(onReady: () => void): Promise<void> {
    const { subject, queueGroup, pendingMaxBytes } = this.#config;
    try {
      this.#subscription = await this.#bus.subscribe(subject, {
        queue: queueGroup,
        pendingMaxBytes,
        onDelivery: (delivery) => this.#take(delivery),
        onDropped: (payload) => this.#countDropped(payload),
      });
    } catch (error) {
      // Stopped before the bus was ever up.
      if (error instanceof BusClosed) return;
      throw error;
    }
    onReady();
  }

  /** Hot: once per message. */
  #take({ payload, done }: Delivery): void {
    this.#counters.add("received");
    if (this.#config.debug) this.#log.debug(`filter received ${payload.length} bytes`);
    this.#router.route(payload, this.#bus.maxPayloadBytes());
    this.#publisher.routed(done);
    this.#onRouted(payload.length);
  }

  #countDropped(payload: Uint8Array): void {
    const lines = countLines(payload);
    this.#counters.add("nats_dropped");
    this.#counters.add("nats_dropped_lines", lines);
    const why = "more than nats_max_pending_size waited, or there was no time left to look at them";
    this.#drops.drop(why, lines, this.#where);
  }
}
