/** Collects what is wrong with a configuration, so that all of it is reported in one go. */

export class ConfigError extends Error {
  override readonly name = "ConfigError";
  /** One line each: `file: option: expected ..., got ...`. No secrets. */
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join("\n"));
    this.problems = problems;
  }
}

/** Where a value stands: the file and the name that the option has there. */
export interface Place {
  readonly file: string;
  readonly option: string;
}

export class Problems {
  readonly #problems: string[] = [];
  readonly #warnings: string[] = [];

  /** A problem with a file as a whole: `where` is its path, or path:line:column. */
  addFile(where: string, text: string): void {
    this.#problems.push(`${where}: ${text}`);
  }

  /** `got` must hold no secret. */
  add(place: Place, expected: string, got: string): void {
    this.#problems.push(`${place.file}: ${place.option}: expected ${expected}, got ${got}`);
  }

  warn(place: Place, text: string): void {
    this.#warnings.push(`${place.file}: ${place.option}: ${text}`);
  }

  get warnings(): readonly string[] {
    return this.#warnings;
  }

  get exist(): boolean {
    return this.#problems.length > 0;
  }

  toError(): ConfigError {
    return new ConfigError(this.#problems);
  }
}

/** A value from a file as a problem shows it. */
export function show(value: unknown): string {
  if (value === "") return "nothing";
  if (typeof value === "string") return JSON.stringify(shorten(value));
  if (typeof value === "number") return Number.isInteger(value) ? `${value}.0` : String(value);
  if (Array.isArray(value)) return "a list";
  if (value instanceof Date) return "a date";
  if (typeof value === "object") return "a table";
  return String(value);
}

const SHOWN_MAX = 100;

function shorten(text: string): string {
  return text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX)}...` : text;
}
