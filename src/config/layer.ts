/** One configuration file, or one component in it, read: which options it sets, under which names, to what. */

import { type Mode } from "./config.ts";
import { nearestName } from "./nearest-name.ts";
import { type Option, OPTION_LIST } from "./options.ts";
import { type Place, type Problems } from "./problems.ts";
import { type Notation, readValue, type TomlTable, type Value } from "./values.ts";

/** One of the names of an option. */
export interface Spelling {
  readonly name: string;
  readonly option: Option;
  readonly notation: Notation;
  /** In which modes the option has this name. */
  readonly modes: readonly Mode[];
}

export interface Entry {
  readonly spelling: Spelling;
  readonly place: Place;
  /** As in the file. */
  readonly raw: unknown;
  /** Of the option's type, its range unchecked. */
  readonly value: Value;
}

/** The top level of a file, or a component's table in it. */
export interface Section {
  readonly file: string;
  /** `component "writer-1"`; empty at the top level. */
  readonly component: string;
}

export interface Layer extends Section {
  /** By the spelling's name. */
  readonly entries: ReadonlyMap<string, Entry>;
  /** Names whose values are not of their type: reported already, and in no entry. */
  readonly refused: ReadonlySet<string>;
}

/** Everything wrong with `table` by itself goes to `problems`. */
export function readLayer(section: Section, table: TomlTable, problems: Problems): Layer {
  const entries = new Map<string, Entry>();
  const refused = new Set<string>();
  const writtenNames = new Map<string, string>();
  for (const [written, raw] of Object.entries(table)) {
    const name = written.toLowerCase();
    const place = placeIn(section, written);
    const spelling = SPELLINGS.get(name);
    if (spelling === undefined) {
      const nearest = nearestName(name, SPELLING_NAMES);
      problems.add(place, "the name of an option", `an unknown one; the nearest is ${nearest}`);
      continue;
    }
    const earlier = writtenNames.get(name);
    if (earlier !== undefined) {
      problems.add(place, "each option once", `both ${earlier} and ${written}`);
      continue;
    }
    writtenNames.set(name, written);
    const value = readValue(raw, spelling.notation, place, problems);
    if (value === undefined) refused.add(name);
    else entries.set(name, { spelling, place, raw, value });
  }
  return { ...section, entries, refused };
}

/** Where the option stands, or would stand, in `section`. */
export function placeIn({ file, component }: Section, option: string): Place {
  return { file, option: component === "" ? option : `${component}: ${option}` };
}

/** The names of `option`, the 2.x one first. */
export function spellingsOf(option: Option): readonly Spelling[] {
  return [
    { name: option.name, option, notation: { type: option.type }, modes: option.modes },
    ...(option.olderNames ?? []).map(({ name, unit, modes }) => ({
      name,
      option,
      notation: { type: option.type, unit },
      modes,
    })),
  ];
}

const SPELLINGS: ReadonlyMap<string, Spelling> = new Map(
  OPTION_LIST.flatMap(spellingsOf).map((spelling) => [spelling.name, spelling]),
);
const SPELLING_NAMES = [...SPELLINGS.keys()];
