/**
 * The options of one mode, each with its value: from the component's table if it has one, else from the specific
 * file, else from the common file, else the default. A key of an earlier one replaces the later ones' outright, lists
 * and rules included.
 */
import { assert } from "../platform/errors.ts";
import { formatByteSize, formatDuration } from "../platform/units.ts";
import type { Mode } from "./config.ts";
import { type Entry, type Layer, placeIn, type Spelling, spellingsOf } from "./layer.ts";
import { type FileValue, OLDER_UNITS, type OptionType } from "./option.ts";
import { defaultOf, type Option, OPTION_LIST, type OptionName, type OPTIONS } from "./options.ts";
import { type Place, Problems, show } from "./problems.ts";
import { type Notation, nounOf, readValue, type Value, type ValueOf } from "./values.ts";

type NumberName = {
  [Name in OptionName]: (typeof OPTIONS)[Name]["type"] extends "integer" | "size" ? Name : never;
}[OptionName];

interface Setting {
  readonly value: Value;
  readonly place: Place;
}

export class Settings {
  readonly #settings: ReadonlyMap<OptionName, Setting>;

  constructor(settings: ReadonlyMap<OptionName, Setting>) {
    this.#settings = settings;
  }

  /** `name` must be an option of the mode. */
  get<Name extends OptionName>(name: Name): ValueOf<Name> {
    return this.#setting(name).value as ValueOf<Name>;
  }

  /** An integer or a size as a number: every one in range is exact. */
  number(name: NumberName): number {
    return Number(this.get(name));
  }

  /** Where the value stands; a default, under its name in the first layer. */
  place(name: OptionName): Place {
    return this.#setting(name).place;
  }

  #setting(name: OptionName): Setting {
    const setting = this.#settings.get(name);
    assert(setting !== undefined, `${name} is no option of this mode`);
    return setting;
  }
}

/** What is set in the first of `layers` counts first. */
export type Layers = readonly [Layer, ...Layer[]];

/** A value that is out of range is reported, and the default stands for it. */
export function settle(layers: Layers, mode: Mode, problems: Problems): Settings {
  const settings = new Map<OptionName, Setting>();
  for (const option of OPTION_LIST) {
    for (const layer of layers) reportTwoNames(option, layer, mode, problems);
    if (!option.modes.includes(mode)) continue;
    const entry = findEntry(option, layers, mode);
    settings.set(option.name, settleOption(option, entry, mode, layers[0], problems));
  }
  return new Settings(settings);
}

/** What a value in the table of options comes to, which must be of the option's type. */
export function declaredValue(option: Option, declared: FileValue): Value {
  const raw = typeof declared === "number" ? BigInt(declared) : declared;
  const place = { file: "", option: option.name };
  const value = readValue(raw, { type: option.type }, place, new Problems());
  assert(value !== undefined, `${show(declared)} is no value of ${option.name}`);
  return value;
}

function settleOption(
  option: Option,
  entry: Entry | undefined,
  mode: Mode,
  first: Layer,
  problems: Problems,
): Setting {
  const place = entry?.place ?? placeIn(first, option.name);
  if (entry === undefined || !isInRange(entry, problems)) {
    return { value: defaultValue(option, mode), place };
  }
  const isZero = entry.value === 0n || entry.value === "";
  if (isZero && option.zero === "default") return { value: defaultValue(option, mode), place };
  if (isZero && option.zero === "processors") {
    return { value: BigInt(navigator.hardwareConcurrency), place };
  }
  return { value: entry.value, place };
}

function findEntry(option: Option, layers: Layers, mode: Mode): Entry | undefined {
  const spellings = spellingsOf(option).filter((spelling) => spelling.modes.includes(mode));
  const heir = layers[0].component;
  for (const layer of layers) {
    for (const spelling of spellings) {
      const entry = layer.entries.get(spelling.name);
      if (entry !== undefined) return layer.component === heir ? entry : inherited(entry, heir);
      if (layer.refused.has(spelling.name)) return undefined;
    }
  }
  return undefined;
}

/** The entry of a top level as the component `heir` has it. */
function inherited(entry: Entry, heir: string): Entry {
  return { ...entry, place: { ...entry.place, heir } };
}

/**
 * Two names of one option in one file say two things at once. Names that mean the same in all modes clash whatever
 * the mode; those that differ by mode (`batch_max_size`, `batch_max_mb`) only where both count.
 */
function reportTwoNames(option: Option, layer: Layer, mode: Mode, problems: Problems): void {
  const [current, ...older] = spellingsOf(option);
  const currentEntry = current && layer.entries.get(current.name);
  if (currentEntry === undefined) return;
  for (const spelling of older) {
    const entry = layer.entries.get(spelling.name);
    if (entry === undefined || !clash(currentEntry.spelling, spelling, mode)) continue;
    problems.add(
      currentEntry.place,
      `one of ${spelling.name} and ${option.name}, which are two names of one option`,
      "both",
    );
  }
}

function clash(one: Spelling, other: Spelling, mode: Mode): boolean {
  const haveSameModes =
    one.modes.length === other.modes.length && one.modes.every((m) => other.modes.includes(m));
  return haveSameModes || (one.modes.includes(mode) && other.modes.includes(mode));
}

/** Largest values where the option sets none: numbers that stay exact, and the longest that can be written. */
const TYPE_MAX: Partial<Readonly<Record<OptionType, bigint>>> = {
  integer: BigInt(Number.MAX_SAFE_INTEGER),
  size: BigInt(Number.MAX_SAFE_INTEGER),
  duration: 2n ** 63n - 1n,
};

function isInRange(entry: Entry, problems: Problems): boolean {
  const { option, notation } = entry.spelling;
  if (typeof entry.value !== "bigint") return true;
  const min = option.zero === undefined ? 1n : 0n;
  const max = option.max ?? TYPE_MAX[option.type] ?? 0n;
  if (entry.value >= min && entry.value <= max) return true;
  let range = min === 0n ? "of 0 or more" : "above 0";
  if (option.max !== undefined || entry.value > max) {
    range = `from ${write(min, notation)} to ${write(max, notation)}`;
  }
  problems.add(entry.place, `${nounOf(notation)} ${range}`, show(entry.raw));
  return false;
}

/** `value` as it would be written in a file, without quotes. */
function write(value: bigint, notation: Notation): string {
  if (notation.unit !== undefined) {
    const unit = OLDER_UNITS[notation.unit];
    return String(value === 1n ? 1n : value / unit);
  }
  if (notation.type === "size") return formatByteSize(value);
  return notation.type === "duration" ? formatDuration(value) : String(value);
}

function defaultValue(option: Option, mode: Mode): Value {
  return declaredValue(option, defaultOf(option, mode));
}
