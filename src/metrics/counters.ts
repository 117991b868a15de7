/**
 * Counters of one component. Each component declares its own, name by name with what it counts, in the order in
 * which they are published; `docs/metrics.md` is made of those declarations.
 */

/** Counter name (the field's name in InfluxDB) -> what it counts, for the documentation. */
export type CounterDeclarations = Readonly<Record<string, string>>;

export type CounterSnapshot<Name extends string> = Readonly<Record<Name, number>>;

export class Counters<Name extends string> {
  readonly #names: readonly string[];
  readonly #indexes: ReadonlyMap<string, number>;
  readonly #values: Float64Array;

  constructor(declarations: Readonly<Record<Name, string>>) {
    this.#names = Object.keys(declarations);
    this.#indexes = new Map(this.#names.map((name, index) => [name, index]));
    this.#values = new Float64Array(this.#names.length);
  }

  /** Cumulative since the process started; exact to 2^53. Hot: some times per payload. */
  add(name: Name, amount = 1): void {
    const index = this.#indexes.get(name) as number;
    this.#values[index] = (this.#values[index] as number) + amount;
  }

  get(name: Name): number {
    return this.#values[this.#indexes.get(name) as number] as number;
  }

  /** A copy, in the declared order. */
  snapshot(): CounterSnapshot<Name> {
    const values = this.#names.map((name, index) => [name, this.#values[index]]);
    return Object.fromEntries(values) as CounterSnapshot<Name>;
  }
}
