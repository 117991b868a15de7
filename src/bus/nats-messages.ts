/** What the operator is told about the connection. Quiet while it stands; nothing repeats per packet or attempt. */
import type { Clock } from "../platform/clock.ts";
import { type Log, throttled } from "../platform/log.ts";
import type { ConnectError } from "./nats-connect.ts";
import { type PublicationRefusal, type Refusal, withRemedy } from "./server-error.ts";

export interface NatsMessages {
  connected(server: string): void;
  /** The old server is about to stop: all is at another one now. */
  moved(from: string, to: string): void;
  /** The server is about to stop, and there is no other. */
  nowhere(server: string): void;
  disconnected(server: string, reason: string, lostPayloads: number): void;
  /** Messages were lost of which nobody knows how many; `what` in words. */
  uncounted(what: string): void;
  /** No server could be used; `failures` has one for each. */
  notConnected(failures: readonly ConnectError[]): void;
  /** The server does not allow the subscription, which `name` names. */
  subscriptionRefused(name: string, refusal: Refusal): void;
  /** After that. */
  subscriptionAllowed(name: string): void;
  publicationRefused(refusal: PublicationRefusal): void;
  /** After that; so many lines were lost. */
  publicationAllowed(subject: string, lostLines: number): void;
  /** What the server said besides, in its words. */
  otherError(text: string): void;
  tooLarge(bytes: number, maxBytes: number): void;
  closed(lostPayloads: number): void;
}

/** Of so many different refusals each is told by itself; those beyond share their turn. */
const REFUSALS_MAX = 64;

/** How often one failure to connect, or one refusal, is told while it lasts. */
const FAILURE_INTERVAL_MS = 60_000;

/** A connection that lasts this long is none that ends again and again. */
const FLAPPING_MAX_MS = 10_000;

export function createNatsMessages(log: Log, clock: Clock): NatsMessages {
  const refusals = new Refusals(log, clock);
  const flapping = new Flapping(clock);
  let wasConnected = false;
  const tooLarge = throttled(log.error.bind(log), clock);
  const notConnected = createFailureMessage(log, clock);
  return {
    connected(server) {
      if (!wasConnected) log.info(`connected to NATS at ${server}`);
      else if (!flapping.isQuiet) log.warn(`connected to NATS again, at ${server}`);
      wasConnected = true;
      flapping.begin();
    },
    moved(from, to) {
      log.info(`moved to NATS at ${to}: the one at ${from} is about to stop (lame-duck mode)`);
    },
    nowhere(server) {
      log.warn(
        `NATS at ${server} is about to stop (lame-duck mode), and there is no other to move to: staying as long as it lasts`,
      );
    },
    disconnected(server, reason, lostPayloads) {
      const event = `lost the connection to NATS at ${server}: ${withRemedy(reason)}`;
      const text = flapping.end(event, lostPayloads > 0);
      if (lostPayloads > 0) {
        log.error(`${text}; with it ${lostPayloads} messages that it had not confirmed`);
      } else if (!flapping.isQuiet) {
        log.warn(text);
      }
    },
    uncounted(what) {
      log.error(`NATS: ${what}`);
    },
    notConnected(failures) {
      flapping.isQuiet = false;
      notConnected(failures);
    },
    subscriptionRefused(name, { text, remedy }) {
      refusals.tell(name, `not subscribed to ${name}, trying on: NATS says "${text}": ${remedy}`);
    },
    subscriptionAllowed(name) {
      refusals.forget(name);
      log.warn(`subscribed to ${name}: NATS allows it now`);
    },
    publicationRefused({ subject, text, remedy }) {
      refusals.tell(
        publicationTo(subject),
        `what is published on "${subject}" is lost, trying on: NATS says "${text}": ${remedy}`,
      );
    },
    publicationAllowed(subject, lostLines) {
      refusals.forget(publicationTo(subject));
      const event = `NATS takes what is published on "${subject}" again`;
      if (lostLines === 0) log.warn(event);
      else log.error(`${event}; ${lostLines} lines for it were lost`);
    },
    otherError(text) {
      refusals.tell(text, `NATS says "${text}"`);
    },
    tooLarge(bytes, maxBytes) {
      tooLarge(`lost a message of ${bytes} bytes: the NATS server now connected takes ${maxBytes}`);
    },
    closed(lostPayloads) {
      if (lostPayloads > 0)
        log.error(`lost ${lostPayloads} messages: NATS did not take them in time`);
    },
  };
}

/**
 * A connection that ends soon after it was made, again and again for one reason, is told now and then; and that it stands again
 * only if its end was told, for one without the other misleads.
 */
class Flapping {
  isQuiet = false;
  readonly #clock: Clock;
  #beganMs = -Infinity;
  #lastEvent = "";
  #quietUntilMs = -Infinity;
  #heldBack = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  begin(): void {
    this.#beganMs = this.#clock.monotonicMs();
  }

  /** Decides on {@link isQuiet}; returns what is to be told if it is not. What is lost is always told. */
  end(event: string, isLoss: boolean): string {
    const nowMs = this.#clock.monotonicMs();
    const isAgain = nowMs - this.#beganMs < FLAPPING_MAX_MS && event === this.#lastEvent;
    this.isQuiet = isAgain && nowMs < this.#quietUntilMs && !isLoss;
    this.#lastEvent = event;
    if (this.isQuiet) {
      this.#heldBack++;
      return event;
    }
    const more = this.#heldBack === 0 ? "" : ` (and ${this.#heldBack} more like this)`;
    this.#heldBack = 0;
    this.#quietUntilMs = nowMs + FAILURE_INTERVAL_MS;
    return `${event}${more}`;
  }
}

/** A subscription may have the same name. */
function publicationTo(subject: string): string {
  return `to ${subject}`;
}

/** Each is told at once, and while it lasts now and then. */
class Refusals {
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #told = new Map<string, (text: string) => void>();
  readonly #tellOther: (text: string) => void;

  constructor(log: Log, clock: Clock) {
    this.#log = log;
    this.#clock = clock;
    this.#tellOther = this.#createTell();
  }

  tell(name: string, text: string): void {
    let tell = this.#told.get(name) ?? this.#tellOther;
    if (!this.#told.has(name) && this.#told.size < REFUSALS_MAX) {
      tell = this.#createTell();
      this.#told.set(name, tell);
    }
    tell(text);
  }

  /** It is over: the next one is a new one. */
  forget(name: string): void {
    this.#told.delete(name);
  }

  #createTell(): (text: string) => void {
    return throttled(this.#log.error.bind(this.#log), this.#clock, FAILURE_INTERVAL_MS);
  }
}

/** Says at once what is new, and what stays the same only now and then. */
function createFailureMessage(log: Log, clock: Clock): NatsMessages["notConnected"] {
  let lastText = "";
  let write: (text: string) => void = () => {};
  return (failures) => {
    const causes = failures.map((failure) => failure.message).join("; ");
    const text = `cannot connect to NATS, trying on: ${causes}`;
    if (text !== lastText) {
      const needsHuman = failures.some((failure) => failure.needsHuman);
      const level = needsHuman ? log.error.bind(log) : log.warn.bind(log);
      write = throttled(level, clock, FAILURE_INTERVAL_MS);
      lastText = text;
    }
    write(text);
  };
}
