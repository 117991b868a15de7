/**
 * Counters of one component. Each component declares its own, name by name with what it counts, in the order in
 * which they are published; README's tables are tested against those declarations.
 */

/** Counter name (the field's name in InfluxDB) -> what it counts, for the documentation. */
export type CounterDeclarations = Readonly<Record<string, string>>;

export type CounterSnapshot<Name extends string> = Readonly<Record<Name, number>>;

export class Counters<Name extends string> {
  readonly #values: Record<Name, number>;

  constructor(declarations: Readonly<Record<Name, string>>) {
    const names = Object.keys(declarations) as Name[];
    this.#values = Object.fromEntries(names.map((name) => [name, 0])) as Record<Name, number>;
  }

  /** Cumulative since the process started; exact to 2^53. */
  add(name: Name, amount = 1): void {
    this.#values[name] += amount;
  }

  get(name: Name): number {
    return this.#values[name];
  }

  /** A copy, in the declared order. */
  snapshot(): CounterSnapshot<Name> {
    return { ...this.#values };
  }
}
