/** Collects what is wrong with a configuration, so that all of it is reported in one go. */
import { harmless, harmlessJson } from "../platform/harmless-text.ts";

export class ConfigError extends Error {
  override readonly name = "ConfigError";
  /** One line each that a terminal may be given, no secrets: `file: option: expected ..., got ...`, or `file: component "name": option: ...`. */
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join("\n"));
    this.problems = problems;
  }
}

/** Where a value stands: the file and the name that the option has there. */
export interface Place {
  /** Empty where no file is meant. */
  readonly file: string;
  /** With what comes in front of it in a component: `component "writer-1": port`. */
  readonly option: string;
  /** The component that is looked at, `component "writer-1"`, where the value is a default from the top level. */
  readonly heir?: string;
}

export class Problems {
  readonly #problems = new Findings();
  readonly #warnings = new Findings();

  /** A problem with a file as a whole: `where` is its path, or path:line:column. */
  addFile(where: string, text: string): void {
    this.#problems.add(where, text);
  }

  /** `got` must hold no secret. */
  add(place: Place, expected: string, got: string): void {
    this.#problems.add(textOf(place), `expected ${expected}, got ${got}`, place.heir);
  }

  warn(place: Place, text: string): void {
    this.#warnings.add(textOf(place), text, place.heir);
  }

  get warnings(): readonly string[] {
    return this.#warnings.lines();
  }

  get exist(): boolean {
    return this.#problems.exist;
  }

  toError(): ConfigError {
    return new ConfigError(this.#problems.lines());
  }
}

/** What was found, each thing once: of a default at the top level, one line names all components that have it. */
class Findings {
  readonly #findings = new Map<string, { where: string; text: string; heirs: Set<string> }>();

  add(where: string, text: string, heir?: string): void {
    const line = `${where}: ${text}`;
    const earlier = this.#findings.get(line);
    if (earlier === undefined) {
      this.#findings.set(line, { where, text, heirs: new Set(heir === undefined ? [] : [heir]) });
    } else if (heir !== undefined && earlier.heirs.size > 0) {
      earlier.heirs.add(heir);
    }
  }

  get exist(): boolean {
    return this.#findings.size > 0;
  }

  lines(): readonly string[] {
    return Array.from(this.#findings.values(), ({ where, text, heirs }) => {
      const whose = heirs.size === 0 ? "" : ` (for ${[...heirs].join(", ")})`;
      return harmless(`${where}${whose}: ${text}`);
    });
  }
}

function textOf(place: Place): string {
  return place.file === "" ? place.option : `${place.file}: ${place.option}`;
}

/** A value from a file as a problem shows it. */
export function show(value: unknown): string {
  if (value === "") return "nothing";
  if (typeof value === "string") return harmlessJson(shorten(value));
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
