/**
 * The subjects on which the server does not allow us to publish. What comes for them is lost at once, without troubling the
 * server, which would write a line into its log for each. An empty message now and then finds out when it is allowed again: it
 * holds no line that could be lost, and harms nobody who receives it.
 */
import { backoffMs } from "../platform/backoff.ts";
import type { Cancel, Clock } from "../platform/clock.ts";
import type { Outgoing } from "./outbound-queue.ts";

export interface PublishRefusalsOptions {
  readonly clock: Clock;
  /** How soon it is tried again: first, and at most. */
  readonly refusedFirstMs: number;
  readonly refusedMaxMs: number;
  /** Publishes an empty message; false if that cannot be done now. */
  readonly probe: (subject: string) => boolean;
  /** Called when it is over, with how many lines were lost by it. */
  readonly onAllowed: (subject: string, lostLines: number) => void;
}

/** On what of one subject is still to be judged. */
interface Verdict {
  left: number;
  refusals: number;
  /** The server refused it before: the first of them are the refused ones, or else the last. */
  readonly isRefusedFirst: boolean;
  /** What the server refuses by another name may be this one. */
  mayBeMapped: boolean;
}

interface Standing {
  lostLines: number;
  probes: number;
  isProbing: boolean;
  cancel: Cancel;
}

export class PublishRefusals {
  readonly #options: PublishRefusalsOptions;
  readonly #standing = new Map<string, Standing>();

  constructor(options: PublishRefusalsOptions) {
    this.#options = options;
  }

  /** Hot: once per payload. */
  has(subject: string): boolean {
    return this.#standing.size > 0 && this.#standing.has(subject);
  }

  get isEmpty(): boolean {
    return this.#standing.size === 0;
  }

  /** On all subjects that are refused now, since they are. */
  get lostLines(): number {
    let sum = 0;
    for (const { lostLines } of this.#standing.values()) sum += lostLines;
    return sum;
  }

  /** What is published on `subject`, with so many lines, is lost: the subject is refused. */
  lose(subject: string, lines: number): void {
    const standing = this.#standing.get(subject);
    if (standing !== undefined) standing.lostLines += lines;
  }

  /**
   * The server has seen all of `seen`, in this order, and has refused so many of them, by subject. Returns those that held
   * lines. It does not say which they are; but on each subject it refuses all or none, until it changes its mind once.
   */
  judge(seen: readonly Outgoing[], refused: ReadonlyMap<string, number>): Outgoing[] {
    const verdicts = this.#verdictsOn(seen, refused);
    return seen.filter((outgoing) => {
      const verdict = verdicts.get(outgoing.subject);
      const isRefused = verdict !== undefined && takeVerdict(verdict);
      if (isRefused) this.#refuse(outgoing);
      else this.#allow(outgoing.subject);
      return isRefused && outgoing.lines > 0;
    });
  }

  /** The next connection may be to a server that allows other things. */
  forget(): void {
    for (const { cancel } of this.#standing.values()) cancel();
    this.#standing.clear();
  }

  #verdictsOn(
    seen: readonly Outgoing[],
    refused: ReadonlyMap<string, number>,
  ): ReadonlyMap<string, Verdict> {
    const verdicts = new Map<string, Verdict>();
    for (const { subject, lines } of seen) {
      const isStanding = this.has(subject);
      const verdict = verdicts.get(subject) ?? {
        left: 0,
        refusals: refused.get(subject) ?? 0,
        isRefusedFirst: isStanding,
        mayBeMapped: false,
      };
      verdict.left++;
      verdict.mayBeMapped ||= verdict.refusals === 0 && (lines > 0 || isStanding);
      verdicts.set(subject, verdict);
    }
    // A server that maps subjects refuses by the name that they are mapped to: plain where there is only one that can be meant.
    const [mapped, other] = [...verdicts.values()].filter(({ mayBeMapped }) => mayBeMapped);
    if (mapped === undefined || other !== undefined) return verdicts;
    for (const [subject, refusals] of refused) {
      if (!verdicts.has(subject)) mapped.refusals += refusals;
    }
    return verdicts;
  }

  #refuse({ subject, lines }: Outgoing): void {
    const standing = this.#standing.get(subject) ?? this.#begin(subject);
    standing.lostLines += lines;
    if (standing.isProbing) this.#probeLater(subject, standing);
  }

  #allow(subject: string): void {
    const standing = this.#standing.get(subject);
    if (standing === undefined) return;
    standing.cancel();
    this.#standing.delete(subject);
    this.#options.onAllowed(subject, standing.lostLines);
  }

  #begin(subject: string): Standing {
    const standing = { lostLines: 0, probes: 0, isProbing: false, cancel: () => {} };
    this.#standing.set(subject, standing);
    this.#probeLater(subject, standing);
    return standing;
  }

  #probeLater(subject: string, standing: Standing): void {
    const { clock, refusedFirstMs, refusedMaxMs, probe } = this.#options;
    const backoff = { firstMs: refusedFirstMs, maxMs: refusedMaxMs };
    standing.isProbing = false;
    standing.cancel = clock.after(backoffMs(backoff, standing.probes++, Math.random()), () => {
      standing.isProbing = true;
      if (!probe(subject)) this.#probeLater(subject, standing);
    });
  }
}

/** Whether the next one is refused. */
function takeVerdict(verdict: Verdict): boolean {
  const { left, refusals, isRefusedFirst } = verdict;
  verdict.left--;
  const isRefused = refusals > 0 && (isRefusedFirst || left <= refusals);
  if (isRefused) verdict.refusals--;
  return isRefused;
}
