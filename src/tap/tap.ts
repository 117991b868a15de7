/** Shows what passes on NATS subjects, from start to stop. It takes nothing away: whoever else subscribes gets all of it. */
import { type Bus, BusClosed } from "../bus/bus.ts";
import type { NatsOptions } from "../bus/nats-options.ts";
import { createOpenBus } from "../bus/open.ts";
import { type Cancel, type Clock, every } from "../platform/clock.ts";
import { earlier, isDoneInTime } from "../platform/deadline.ts";
import { messageOf } from "../platform/errors.ts";
import { deadlineIn } from "../platform/lifecycle.ts";
import { createLog, type Log } from "../platform/log.ts";
import { compileRules } from "../rules/compile.ts";
import { Output } from "./output.ts";
import { Rate } from "./rate.ts";
import { createSelect, type OnLine, type SelectLines } from "./select-lines.ts";
import { createShowLine } from "./show-line.ts";
import type { Streams } from "./streams.ts";
import type { TapRequest } from "./tap-command.ts";

export interface TapDeps {
  readonly clock: Clock;
  readonly nats: NatsOptions;
  readonly streams: Streams;
  /** Resolves when it is to end. */
  readonly stopAsked: Promise<unknown>;
}

/** Received and not looked at yet, of all subjects together. */
const PENDING_MAX_BYTES = 64 * 1024 * 1024;
/** To be shown and not taken by standard output yet. */
const HELD_MAX_BYTES = 16 * 1024 * 1024;
/** The same where somebody looks, who wants to see what passes now. */
const HELD_WATCHED_MAX_BYTES = 512 * 1024;
const HELD_MESSAGES_MAX_BYTES = 64 * 1024;
const STATUS_INTERVAL_MS = 1_000;
const LOGGED_INTERVAL_MS = 10_000;
/** For what was received to be looked at, and for what is to be shown to be written. */
const STOP_MAX_MS = 1_000;
/** What the first of these gets of that time. */
const CLOSE_SHARE = 0.5;
const LAST_MESSAGE_MAX_MS = 500;

/** Resolves when it has ended; false if it could not go on. */
export function runTap(request: TapRequest, deps: TapDeps): Promise<boolean> {
  return new Tap(request, deps).run();
}

class Tap {
  readonly #request: TapRequest;
  readonly #deps: TapDeps;
  readonly #rate: Rate;
  readonly #out: Output;
  /** The same as #out where both are one terminal. */
  readonly #messages: Output;
  readonly #log: Log;
  readonly #bus: Bus;
  readonly #select: SelectLines;
  /** Resolves when standard output takes no more. */
  readonly #failed = Promise.withResolvers<void>();
  #failure: NodeJS.ErrnoException | undefined;
  #cancelTelling: Cancel = () => {};

  constructor(request: TapRequest, deps: TapDeps) {
    const { clock, nats, streams } = deps;
    this.#request = request;
    this.#deps = deps;
    this.#rate = new Rate(clock);
    this.#out = new Output(streams.stdout, {
      heldMaxBytes: streams.isWatched ? HELD_WATCHED_MAX_BYTES : HELD_MAX_BYTES,
      onFailed: (error) => {
        this.#failure = error;
        this.#failed.resolve();
      },
    });
    this.#messages = streams.isOneTerminal
      ? this.#out
      : new Output(streams.stderr, { heldMaxBytes: HELD_MESSAGES_MAX_BYTES, onFailed: () => {} });
    const write = (text: string) => this.#messages.addMessage(text);
    this.#log = createLog({ debug: false, write, clock });
    this.#bus = createOpenBus(nats, { clock, log: this.#log })({
      name: "tap",
      outboundMaxBytes: 0,
    });
    const { match, sampleEvery } = request;
    const rules = compileRules(match === "" ? [] : [{ type: "regex", match, subject: "" }], {
      clock,
    });
    this.#select = createSelect({ rules, sampleEvery }, this.#createOnLine(), () =>
      this.#rate.addMissedLine(),
    );
  }

  async run(): Promise<boolean> {
    void this.#subscribe();
    await Promise.race([this.#deps.stopAsked, this.#failed.promise]);
    await this.#finish();
    this.#cancelTelling();
    if (this.#failure === undefined) this.#tellLast();
    else this.#tellFailure(this.#failure);
    const { clock } = this.#deps;
    await isDoneInTime(this.#messages.idle(), deadlineIn(clock, LAST_MESSAGE_MAX_MS), clock);
    return this.#failure === undefined || this.#failure.code === "EPIPE";
  }

  async #subscribe(): Promise<void> {
    const { subjects } = this.#request;
    const subscribeTo = (pattern: string) =>
      this.#bus.subscribe(pattern, {
        pendingMaxBytes: Math.floor(PENDING_MAX_BYTES / subjects.length),
        onDelivery: ({ payload, subject }) => {
          this.#rate.addPassed(this.#select(payload, subject), payload.length);
        },
        onDropped: (payload) => this.#rate.addMissed(payload),
      });
    try {
      await Promise.all(subjects.map(subscribeTo));
    } catch (error) {
      if (error instanceof BusClosed) return;
      throw error;
    }
    const servers = this.#deps.nats.servers.join(",");
    this.#log.info(`tap subscribed to [${subjects.join(" ")}] at ${servers}`);
    this.#keepTelling();
  }

  /** Never waits for standard output: a line that finds no room is dropped, so that all the others are still seen. */
  #createOnLine(): OnLine {
    const { isWatched, hasColours } = this.#deps.streams;
    const { subjects } = this.#request;
    const withSubject = subjects.length > 1 || subjects.some(isPattern);
    const show = createShowLine({ hasColours, withSubject });
    return (payload, start, end, subject) => {
      if (!this.#out.hasRoom()) return this.#rate.addDropped();
      this.#rate.addShown();
      if (isWatched) this.#out.addShownLine(show(payload, start, end, subject));
      else this.#out.addLine(payload, start, end);
    };
  }

  #keepTelling(): void {
    const { clock, streams } = this.#deps;
    const { statusColumns } = streams;
    this.#rate.start();
    this.#cancelTelling =
      statusColumns === undefined
        ? every(clock, LOGGED_INTERVAL_MS, () => this.#log.info(this.#rate.tell()))
        : every(clock, STATUS_INTERVAL_MS, () => {
            // In the last column the cursor would stand on the next line.
            this.#messages.setStatus(this.#rate.tell().slice(0, statusColumns() - 1));
          });
  }

  /** What was received is looked at, and what is to be shown is written, as far as there is time. */
  async #finish(): Promise<void> {
    const { clock } = this.#deps;
    const deadline = deadlineIn(clock, this.#failure === undefined ? STOP_MAX_MS : 0);
    await this.#bus.close(earlier(deadline, CLOSE_SHARE).remainingMs());
    await isDoneInTime(this.#out.idle(), deadline, clock);
    this.#rate.takeBackShown(this.#out.heldLines);
  }

  #tellLast(): void {
    const text = this.#rate.tellAll();
    if (this.#deps.streams.statusColumns === undefined) return this.#log.info(text);
    this.#messages.setStatus("");
    this.#messages.addMessage(`${text}\n`);
  }

  /** A reader that has seen enough, such as `head`, is none. */
  #tellFailure(failure: NodeJS.ErrnoException): void {
    if (this.#deps.streams.statusColumns !== undefined) this.#messages.setStatus("");
    if (failure.code === "EPIPE") return;
    this.#log.error(`cannot write to standard output: ${messageOf(failure)}`);
  }
}

function isPattern(subject: string): boolean {
  return /(?:^|\.)[*>](?:\.|$)/.test(subject);
}
