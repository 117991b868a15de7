/**
 * Several components in one process, as one: started in order, watched, and stopped the other way round, so that
 * each can hand on what it holds to those behind it. What that order is is not known here.
 */
import type { Clock } from "./clock.ts";
import { earlier } from "./deadline.ts";
import { messageOf, SpoutError } from "./errors.ts";
import {
  addReports,
  type Deadline,
  deadlineIn,
  type Running,
  type StopReport,
} from "./lifecycle.ts";

export interface Member {
  /** What it is, for errors: the component's mode and name. */
  readonly name: string;
  readonly start: () => Promise<Running>;
  /** Of the time to stop, in proportion to other stages; 1 if left out. In a stage the largest counts. */
  readonly stopWeight?: number;
  /** True if it and others of its stage hand lines to one another, so that no order is right. */
  readonly isInCircle?: boolean;
}

export interface GroupOptions {
  readonly name: string;
  /** In the order of starting: sinks first. The members of one stage hand nothing to one another, circles aside. */
  readonly stages: readonly (readonly Member[])[];
  /** For stopping what has started when another member cannot. */
  readonly stopTimeoutMs: number;
  readonly clock: Clock;
}

/**
 * Resolves once every member has started. If one cannot, stops those that have and rejects with a
 * {@link SpoutError} that names it.
 */
export async function startGroup(options: GroupOptions): Promise<Running> {
  const { name, clock, stopTimeoutMs } = options;
  const stages: StartedStage[] = [];
  for (const members of options.stages) {
    const running: Running[] = [];
    stages.push({ running, ...stopOf(members) });
    for (const member of members) {
      try {
        running.push(await member.start());
      } catch (error) {
        await stopStages(stages, deadlineIn(clock, stopTimeoutMs));
        if (!(error instanceof SpoutError)) throw error;
        throw new SpoutError(`${member.name}: ${messageOf(error)}`, { cause: error });
      }
    }
  }
  const all = stages.flatMap(({ running }) => running);
  return {
    name,
    ready: () => all.every((running) => running.ready()),
    alive: () => all.every((running) => running.alive?.() ?? true),
    metrics: () => all.flatMap((running) => running.metrics()),
    stop: (deadline) => stopStages(stages, deadline),
    failed: Promise.race(
      all.map(async (running) => {
        const error = await running.failed;
        return new SpoutError(`${running.name}: ${messageOf(error)}`, { cause: error });
      }),
    ),
  };
}

interface StartedStage {
  readonly running: readonly Running[];
  readonly stopWeight: number;
  readonly isCircle: boolean;
}

function stopOf(members: readonly Member[]): Omit<StartedStage, "running"> {
  return {
    stopWeight: Math.max(0, ...members.map(({ stopWeight = 1 }) => stopWeight)),
    isCircle: members.some(({ isInCircle = false }) => isInCircle),
  };
}

/**
 * Each stage has its share of the time left, so that the first ones cannot use up all of it; what they do not need is for the
 * others. Where nobody has started there is nothing to share.
 */
async function stopStages(
  stages: readonly StartedStage[],
  deadline: Deadline,
): Promise<StopReport> {
  const left = stages.filter(({ running }) => running.length > 0);
  const all: StopReport[] = [];
  for (let stage = left.pop(); stage !== undefined; stage = left.pop()) {
    const { stopWeight } = stage;
    const weights = left.reduce((sum, other) => sum + other.stopWeight, stopWeight);
    all.push(await stopStage(stage, earlier(deadline, stopWeight / weights)));
  }
  return addReports(all);
}

async function stopStage(stage: StartedStage, deadline: Deadline): Promise<StopReport> {
  const { running, isCircle } = stage;
  const before = sentLines(running);
  const report = addReports(await Promise.all(running.map((each) => each.stop(deadline))));
  // What one of a circle has handed on may have come to one that had stopped: nobody counts what nobody reads.
  if (isCircle && sentLines(running) > before) return { ...report, isUncounted: true };
  return report;
}

function sentLines(running: readonly Running[]): number {
  const counts = running.flatMap((each) => each.metrics().map((set) => set.counts));
  return counts.reduce((sum, { sent_lines: sent = 0 }) => sum + Number(sent), 0);
}
