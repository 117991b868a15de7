/** Keeps what is dropped, so that a test can say what the log would hear of. */
import type { Drops } from "../../src/platform/drops.ts";

export class RecordingDrops implements Drops {
  /** `lines where: reason`, and the sample behind it if there is one. */
  readonly told: string[] = [];

  drop(reason: string, lines: number, where: string, sample?: () => string): void {
    if (lines === 0) return;
    const shown = sample === undefined ? "" : `: ${sample()}`;
    this.told.push(`${lines} ${where}: ${reason}${shown}`);
  }
}
