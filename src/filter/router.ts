/**
 * Sorts the lines of payloads by the rules: line -> time window -> first matching rule -> that rule's output. Bytes in,
 * messages out; what is gathered in between is in `outputs.ts`. The lines' bytes, their endings aside, stay as they are;
 * only the order of their tags changes, if that is asked for.
 */
import { Lines, NO_MORE_LINES } from "../line/lines.ts";
import { FIRST_OTHER_REASON, Refusals } from "../line/refusals.ts";
import { LINE_COMMENT, LINE_OK, type LineCode } from "../line/scan.ts";
import { TagSorter } from "../line/sort-tags.ts";
import { timestampInWindow, type TimeWindow, timeWindow } from "../line/timestamp.ts";
import type { Counters } from "../metrics/counters.ts";
import type { Clock } from "../platform/clock.ts";
import type { Drops } from "../platform/drops.ts";
import { sampleOf } from "../platform/harmless-text.ts";
import { costlyRule, NO_RULE, type RuleSet } from "../rules/rule.ts";
import type { FilterCounter } from "./counters.ts";
import { type Message, Outputs } from "./outputs.ts";

export interface RouterOptions {
  readonly ruleSet: RuleSet;
  /** Of each rule, in order; several may be the same. */
  readonly ruleSubjects: readonly string[];
  readonly junkyardSubject: string;
  readonly timeDeltaMaxNs: bigint;
  /** Tags are put in the order of their keys before the rules are tried. */
  readonly sortTags: boolean;
  readonly clock: Clock;
  /** Every line of a payload is added to these before {@link Router.route} returns. */
  readonly counters: Counters<FilterCounter>;
  /** By rule: the lines that it was the first to match. */
  readonly triggered: number[];
  /** Hears of the lines that are malformed, too far from now, or longer than a message may be. */
  readonly drops: Drops;
  /** The lines come from there: what `drops` is told. */
  readonly where: string;
  /** Is told of each line that the expressions take too long for, and at which rule that was. */
  readonly onCostlyLine?: (line: Uint8Array, rule: number) => void;
}

const BAD_TIME = FIRST_OTHER_REASON;

export class Router {
  readonly #options: RouterOptions;
  readonly #outputs: Outputs;
  /** One output a subject, so that its lines keep their order: the rules', in their order, and the junkyard's. */
  readonly #subjects: readonly string[];
  /** By rule, then the junkyard's. */
  readonly #outputOf: readonly number[];
  readonly #lines = new Lines();
  readonly #tagSorter: TagSorter | undefined;
  readonly #refusals = new Refusals(["timestamp too far from now (max_time_delta)"]);
  #messageMaxBytes = 0;
  /** Of the current payload; plain fields, so that counting a line costs an addition. */
  #processed = 0;
  #rejected = 0;
  #invalidTime = 0;
  #invalidLines = 0;
  #commentLines = 0;
  #longLines = 0;
  #costlyLines = 0;

  constructor(options: RouterOptions) {
    this.#options = options;
    const subjects = [...options.ruleSubjects, options.junkyardSubject];
    const numbers = new Map([...new Set(subjects)].map((subject, number) => [subject, number]));
    this.#subjects = [...numbers.keys()];
    this.#outputOf = subjects.map((subject) => numbers.get(subject) ?? 0);
    this.#outputs = new Outputs(this.#subjects);
    this.#tagSorter = options.sortTags ? new TagSorter() : undefined;
  }

  /** Bytes of the messages that {@link Router.take} would hand out. */
  get gatheredBytes(): number {
    return this.#outputs.sizeBytes;
  }

  /**
   * Gathers the lines of `payload` in messages of at most `messageMaxBytes`. `payload` must not change until they are taken.
   * Reads the clock once.
   */
  route(payload: Uint8Array, messageMaxBytes: number): void {
    const { clock, timeDeltaMaxNs } = this.#options;
    const window = timeWindow(clock.nowMs(), timeDeltaMaxNs);
    this.#messageMaxBytes = messageMaxBytes;
    this.#outputs.startPayload(messageMaxBytes);
    const lines = this.#lines;
    lines.open(payload);
    try {
      for (let code = lines.next(); code !== NO_MORE_LINES; code = lines.next()) {
        this.#judge(payload, code, window);
      }
    } finally {
      // Also if a bug ends it: what is gathered by then leaves before the thread does. Lines stand at the same places in both.
      this.#outputs.endPayload(this.#tagSorter?.take(payload) ?? payload);
      this.#count();
      this.#refusals.tell(payload, this.#options.where, this.#options.drops);
    }
  }

  /** The messages of all payloads since the last time: the rules' in their order, then the junkyard's. */
  take(onMessage: (message: Message) => void): void {
    this.#outputs.take(onMessage);
  }

  /** Hot: once per line. */
  #judge(payload: Uint8Array, code: LineCode, window: TimeWindow): void {
    const { offsets } = this.#lines;
    const { lineStart: start, lineEnd: end } = offsets;
    this.#processed++;
    if (code === LINE_COMMENT) {
      this.#commentLines++;
    } else if (code !== LINE_OK) {
      this.#invalidLines++;
      this.#refusals.note(code, start, end);
    } else if (!timestampInWindow(offsets, window)) {
      this.#invalidTime++;
      this.#refusals.note(BAD_TIME, start, end);
    } else {
      const sorted = this.#tagSorter?.sort(payload, offsets) ?? payload;
      const rule = this.#options.ruleSet.match(sorted, offsets);
      if (rule >= NO_RULE) return this.#send(rule, sorted, start, end);
      this.#costlyLines++;
      this.#options.onCostlyLine?.(payload.subarray(start, end), costlyRule(rule));
    }
  }

  /** `rule` is the number of the first rule that matches, or {@link NO_RULE}. */
  #send(rule: number, payload: Uint8Array, start: number, end: number): void {
    const { triggered, drops, where } = this.#options;
    if (rule === NO_RULE) this.#rejected++;
    else triggered[rule] = (triggered[rule] ?? 0) + 1;
    const output = this.#outputOf[rule === NO_RULE ? this.#outputOf.length - 1 : rule] as number;
    if (end < start + this.#messageMaxBytes) return this.#outputs.add(output, start, end);
    // Rare: the newline that was added made it too long, or the limit itself shrank.
    this.#longLines++;
    const why = "longer than the NATS server's max_payload";
    drops.drop(why, 1, where, () => sampleOf(payload.subarray(start, end)));
  }

  /** Once per payload: adding to a counter by its name is too slow for once per line. */
  #count(): void {
    const { counters } = this.#options;
    const refused = this.#invalidTime + this.#invalidLines + this.#commentLines + this.#costlyLines;
    counters.add("processed", this.#processed);
    counters.add("passed", this.#processed - this.#rejected - refused);
    counters.add("rejected", this.#rejected);
    counters.add("invalid-time", this.#invalidTime);
    counters.add("invalid_lines", this.#invalidLines);
    counters.add("comment_lines", this.#commentLines);
    counters.add("dropped_long_lines", this.#longLines);
    counters.add("dropped_costly_lines", this.#costlyLines);
    this.#processed = 0;
    this.#rejected = 0;
    this.#invalidTime = 0;
    this.#invalidLines = 0;
    this.#commentLines = 0;
    this.#longLines = 0;
    this.#costlyLines = 0;
  }
}
