/** Columns: typed arrays that are replaced by larger ones when they are full. */

type Column = Uint8Array | Int32Array | Uint32Array | Float64Array;

/** `column` with room for an element at `index`, or a copy that has it; what is new is 0. */
export function grown<Kind extends Column>(column: Kind, index: number): Kind {
  if (index < column.length) return column;
  const capacity = Math.max(FIRST_CAPACITY, 2 * column.length, index + 1);
  const larger = new (column.constructor as new (length: number) => Kind)(capacity);
  larger.set(column);
  return larger;
}

const FIRST_CAPACITY = 16;
