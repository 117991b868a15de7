/**
 * Several components in one process, as one: started in order, watched, and stopped the other way round, so that
 * each can hand on what it holds to those behind it.
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
}

export interface GroupOptions {
  readonly name: string;
  /** In the order of starting: sinks first. The members of one stage hand nothing to one another. */
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
  const stages: Running[][] = [];
  for (const members of options.stages) {
    const running: Running[] = [];
    stages.push(running);
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
  const all = stages.flat();
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

/** Each stage has its share of the time left, so that the first ones cannot use up all of it. */
async function stopStages(
  stages: readonly (readonly Running[])[],
  deadline: Deadline,
): Promise<StopReport> {
  const all: StopReport[] = [];
  for (let left = stages.length; left > 0; left--) {
    const stageDeadline = earlier(deadline, 1 / left);
    const reports = await Promise.all(
      (stages[left - 1] ?? []).map((running) => running.stop(stageDeadline)),
    );
    all.push(...reports);
  }
  return addReports(all);
}
