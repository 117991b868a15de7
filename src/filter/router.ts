/**
 * Sorts the lines of one payload by the rules: line -> time window -> first matching rule -> that rule's output.
 * Bytes in, messages out. Nothing is held back from one payload to the next, and the lines' bytes, their endings
 * aside, stay as they are; only the order of their tags changes, if that is asked for.
 */
import { cutAtLineEnds } from "../batch/chunk.ts";
import {
  LINE_COMMENT,
  LINE_OK,
  lineCodeText,
  type LineOffsets,
  newLineOffsets,
  scanLine,
} from "../line/scan.ts";
import { TagSorter } from "../line/sort-tags.ts";
import { countLines, findLineEnd, trimLineEnd } from "../line/split.ts";
import { timestampInWindow, type TimeWindow, timeWindow } from "../line/timestamp.ts";
import type { Counters } from "../metrics/counters.ts";
import type { Clock } from "../platform/clock.ts";
import type { RuleSet } from "../rules/rule.ts";
import type { FilterCounter } from "./counters.ts";
import { Outputs } from "./outputs.ts";

/** What is to be published. The bytes are the receiver's; messages cut from one output share a buffer. */
export interface Message {
  readonly subject: string;
  /** Newline-ended lines. */
  readonly payload: Uint8Array;
  readonly lines: number;
}

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
  /** Is told of each line that is malformed or too far from now, if anyone wants to know. */
  readonly onRefused?: (line: Uint8Array, why: string) => void;
  /** Is told of each line that exceeds the limit on its own. */
  readonly onLongLine: (line: Uint8Array, subject: string) => void;
}

export class Router {
  readonly #options: RouterOptions;
  readonly #outputs: Outputs;
  /** One output a rule, in their order, then the junkyard's. */
  readonly #subjects: readonly string[];
  readonly #offsets: LineOffsets = newLineOffsets();
  readonly #tagSorter: TagSorter | undefined;
  /** Of the current payload; plain fields, so that counting a line costs an addition. */
  #processed = 0;
  #rejected = 0;
  #invalidTime = 0;
  #invalidLines = 0;
  #commentLines = 0;

  constructor(options: RouterOptions) {
    this.#options = options;
    this.#subjects = [...options.ruleSubjects, options.junkyardSubject];
    this.#outputs = new Outputs(this.#subjects.length);
    this.#tagSorter = options.sortTags ? new TagSorter() : undefined;
  }

  /**
   * The messages that come of `payload`, none longer than `payloadMaxBytes`: the rules' in their order, then the
   * junkyard's. Keeps nothing of `payload`, and reads the clock once.
   */
  route(payload: Uint8Array, payloadMaxBytes: number): Message[] {
    const { clock, timeDeltaMaxNs } = this.#options;
    const window = timeWindow(clock.nowMs(), timeDeltaMaxNs);
    for (let start = 0; start < payload.length;) {
      const lineEnd = findLineEnd(payload, start);
      const end = trimLineEnd(payload, start, lineEnd);
      if (end > start) this.#judge(payload, start, end, window);
      start = lineEnd + 1;
    }
    // Lines stand at the same places in both.
    const sorted = this.#tagSorter?.take(payload) ?? payload;
    const messages = this.#takeMessages(sorted, payloadMaxBytes);
    this.#count();
    return messages;
  }

  /** Hot: once per line. */
  #judge(payload: Uint8Array, start: number, end: number, window: TimeWindow): void {
    const offsets = this.#offsets;
    this.#processed++;
    const code = scanLine(payload, start, end, offsets);
    if (code === LINE_COMMENT) {
      this.#commentLines++;
    } else if (code !== LINE_OK) {
      this.#invalidLines++;
      this.#options.onRefused?.(payload.subarray(start, end), lineCodeText(code));
    } else if (!timestampInWindow(offsets, window)) {
      this.#invalidTime++;
      this.#options.onRefused?.(payload.subarray(start, end), "timestamp too far from now");
    } else {
      const sorted = this.#tagSorter?.sort(payload, offsets) ?? payload;
      const rule = this.#options.ruleSet.match(sorted, offsets);
      if (rule === -1) this.#rejected++;
      this.#outputs.add(rule === -1 ? this.#subjects.length - 1 : rule, start, end);
    }
  }

  #takeMessages(payload: Uint8Array, payloadMaxBytes: number): Message[] {
    const { triggered, ruleSubjects } = this.#options;
    const messages: Message[] = [];
    this.#outputs.take(payload, (output, bytes, lines) => {
      const subject = this.#subjects[output] ?? "";
      if (output < ruleSubjects.length) triggered[output] = (triggered[output] ?? 0) + lines;
      if (bytes.length <= payloadMaxBytes) messages.push({ subject, payload: bytes, lines });
      else this.#cut(subject, bytes, payloadMaxBytes, messages);
    });
    return messages;
  }

  /** Rare: a message can outgrow the limit only by a newline that was added, or if the limit itself shrank. */
  #cut(subject: string, bytes: Uint8Array, payloadMaxBytes: number, messages: Message[]): void {
    cutAtLineEnds(
      bytes,
      payloadMaxBytes,
      (payload) => void messages.push({ subject, payload, lines: countLines(payload) }),
      (line) => {
        this.#options.counters.add("dropped_long_lines");
        this.#options.onLongLine(line, subject);
      },
    );
  }

  /** Once per payload: adding to a counter by its name is too slow for once per line. */
  #count(): void {
    const { counters } = this.#options;
    const refused = this.#invalidTime + this.#invalidLines + this.#commentLines;
    counters.add("processed", this.#processed);
    counters.add("passed", this.#processed - this.#rejected - refused);
    counters.add("rejected", this.#rejected);
    counters.add("invalid-time", this.#invalidTime);
    counters.add("invalid_lines", this.#invalidLines);
    counters.add("comment_lines", this.#commentLines);
    this.#processed = 0;
    this.#rejected = 0;
    this.#invalidTime = 0;
    this.#invalidLines = 0;
    this.#commentLines = 0;
  }
}
