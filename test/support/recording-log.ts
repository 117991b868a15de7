/** A log that keeps its lines, so that a test can say what the operator was told. */
import type { Log } from "../../src/platform/log.ts";

export class RecordingLog implements Log {
  /** `LEVEL text` of each line. */
  readonly lines: string[] = [];

  debug(text: string): void {
    this.lines.push(`DEBUG ${text}`);
  }

  info(text: string): void {
    this.lines.push(`INFO ${text}`);
  }

  warn(text: string): void {
    this.lines.push(`WARN ${text}`);
  }

  error(text: string): void {
    this.lines.push(`ERROR ${text}`);
  }
}
