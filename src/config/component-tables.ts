/** `[[component]]` tables as they stand in a file: what each is called, in the configuration and in problems. */
import { placeIn, type Section } from "./layer.ts";
import { COMPONENT_MODES } from "./option.ts";
import { type Place, type Problems, show } from "./problems.ts";
import type { TomlTable } from "./values.ts";

export interface ComponentTable {
  readonly table: TomlTable;
  readonly section: Section;
  /** Its name if it has none in the table: `writer-2` is the second of all writers, with a name or without. */
  readonly derivedName: string;
}

/** A name that two of them have is reported. `components` is the place of the tables as a whole. */
export function nameComponents(
  tables: readonly TomlTable[],
  components: Place,
  problems: Problems,
): readonly ComponentTable[] {
  const { file } = components;
  const counts = new Map<string, number>();
  const positions = new Map<string, string>();
  return tables.map((table, index) => {
    const mode = textIn(table, "mode");
    const number = (counts.get(mode) ?? 0) + 1;
    counts.set(mode, number);
    const derivedName = `${mode}-${number}`;
    const isKnown = COMPONENT_MODES.some((known) => known === mode);
    const name = textIn(table, "name") || (isKnown ? derivedName : "");
    const nameless = { file, component: `${components.option}[${index + 1}]` };
    if (name === "") return { table, derivedName, section: nameless };

    const earlier = positions.get(name);
    if (earlier === undefined) {
      positions.set(name, nameless.component);
    } else {
      const got = `${show(name)}, which ${earlier} has too`;
      problems.add(placeIn(nameless, "name"), "a name that no other component has", got);
    }
    return { table, derivedName, section: { file, component: `component ${show(name)}` } };
  });
}

/** The text under `key`, in whatever case it is written; "" if there is none. */
function textIn(table: TomlTable, key: string): string {
  const [, value] = Object.entries(table).find(([written]) => written.toLowerCase() === key) ?? [];
  return typeof value === "string" ? value : "";
}
