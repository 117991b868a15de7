/**
 * Whether InfluxDB is there, for whoever asks if the writer can do its work. InfluxDB is asked only while somebody asks
 * us, and not more often than it takes to be current.
 */
import type { InfluxOptions, OutputOptions } from "../config/config.ts";
import type { Clock } from "../platform/clock.ts";
import { type Fetch, pingUrl, requestOptions } from "./influx-client.ts";

export interface OutputWatch {
  /**
   * True if the output answered when it was last asked, or has written since then: one that is busy writing may be slow to
   * say that it is there. Asks again if that is some time ago. Outputs but InfluxDB are always there.
   */
  isAnswering(): boolean;
}

/** An answer counts for so long. */
const FRESH_MS = 5000;
const TIMEOUT_MS = 5000;

export function watchOutput(
  output: OutputOptions,
  deps: {
    readonly fetch: Fetch;
    readonly clock: Clock;
    /** How many lines it has written so far. */
    readonly writtenLines: () => number;
  },
): OutputWatch {
  if (output.kind !== "influxdb") return { isAnswering: () => true };
  const { clock } = deps;
  let isAnswering = false;
  let isAsking = false;
  let askedAtMs = -Infinity;
  let writtenWhenAsked = 0;

  async function ask(options: InfluxOptions): Promise<void> {
    isAsking = true;
    writtenWhenAsked = deps.writtenLines();
    isAnswering = await answers(options, deps);
    askedAtMs = clock.monotonicMs();
    isAsking = false;
  }

  return {
    isAnswering() {
      if (!isAsking && clock.monotonicMs() - askedAtMs >= FRESH_MS) void ask(output);
      return isAnswering || deps.writtenLines() > writtenWhenAsked;
    },
  };
}

/** What answers like InfluxDB may not know `/ping`, or want a login for it; only a server in trouble says 5xx. */
async function answers(
  options: InfluxOptions,
  { fetch, clock }: { readonly fetch: Fetch; readonly clock: Clock },
): Promise<boolean> {
  const request = new AbortController();
  const cancelTimeout = clock.after(TIMEOUT_MS, () => request.abort());
  try {
    const response = await fetch(pingUrl(options), {
      ...requestOptions(options),
      signal: request.signal,
    });
    await response.body?.cancel();
    return response.status < 500;
  } catch {
    return false;
  } finally {
    cancelTimeout();
  }
}
