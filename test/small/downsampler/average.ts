/** What lines come to in one period, as text. */
import { Averager } from "../../../src/downsampler/averager.ts";
import {
  DOWNSAMPLER_COUNTERS,
  type DownsamplerCounter,
} from "../../../src/downsampler/counters.ts";
import { PeriodLines } from "../../../src/downsampler/period-lines.ts";
import { Period, type PeriodOptions } from "../../../src/downsampler/period.ts";
import { Periods } from "../../../src/downsampler/periods.ts";
import { Counters, type CounterSnapshot } from "../../../src/metrics/counters.ts";
import { RecordingDrops } from "../../support/recording-drops.ts";

export interface Average {
  /** The lines published, in the order of their series, without the timestamp. */
  readonly series: readonly string[];
  readonly counts: CounterSnapshot<DownsamplerCounter>;
  /** Why lines were dropped, in their order. */
  readonly refused: readonly string[];
}

const NOW_MS = Date.UTC(2026, 0, 1, 12);
const ENDING = " 1767268860000000000"; // a minute later

export function periodOptions(changes: Partial<PeriodOptions> = {}): PeriodOptions {
  return { functions: [], seriesMax: 1000, sizeMaxBytes: 1024 * 1024, ...changes };
}

/** All payloads come at the same moment; their lines have no timestamps. */
export function average(
  payloads: readonly (string | Uint8Array)[],
  changes: Partial<PeriodOptions> = {},
): Average {
  const options = periodOptions(changes);
  const counters = new Counters(DOWNSAMPLER_COUNTERS);
  const series: string[] = [];
  const drops = new RecordingDrops();
  const periods = new Periods(
    {
      periodNs: 60_000_000_000n,
      createPeriod: () => new Period(options),
      onEnded({ period, endNs }) {
        const lines = new PeriodLines(period, options.functions, endNs);
        for (let message; (message = lines.next(1024 * 1024)) !== undefined;) {
          series.push(...new TextDecoder().decode(message.payload).split("\n").slice(0, -1));
        }
        counters.add("dropped_long_lines", lines.droppedLines);
        counters.add("dropped_sums", lines.droppedSums);
      },
    },
    NOW_MS,
  );
  const averager = new Averager({
    periods,
    counters,
    drops,
    where: "from [a]",
    limits: "1 series",
  });
  for (const payload of payloads) {
    averager.take(
      typeof payload === "string" ? new TextEncoder().encode(payload) : payload,
      NOW_MS,
    );
  }
  periods.end();
  const withoutTime = series.map((line) => {
    if (!line.endsWith(ENDING)) throw new Error(`${line} does not end with ${ENDING}`);
    return line.slice(0, -ENDING.length);
  });
  return { series: withoutTime, counts: counters.snapshot(), refused: drops.told };
}

/** The series that lines come to, each line in a message of its own. */
export function seriesOf(
  lines: readonly string[],
  changes: Partial<PeriodOptions> = {},
): readonly string[] {
  return average(lines, changes).series;
}
