/** Finds what a misspelt name was meant to be. */

/**
 * The one of `names` that takes the fewest edits to reach from `name`; of several, the first. Empty if none takes
 * `editsMax` or fewer.
 */
export function nearestName(name: string, names: readonly string[], editsMax = Infinity): string {
  let nearest = "";
  let fewest = Infinity;
  for (const candidate of names) {
    const edits = editDistance(name, candidate);
    if (edits < fewest && edits <= editsMax) {
      nearest = candidate;
      fewest = edits;
    }
  }
  return nearest;
}

/** How many characters must be inserted, removed or replaced to turn `from` into `to`. */
function editDistance(from: string, to: string): number {
  let previous = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let row = 1; row <= from.length; row++) {
    const current = [row];
    for (let column = 1; column <= to.length; column++) {
      const replaced = (previous[column - 1] ?? 0) + (from[row - 1] === to[column - 1] ? 0 : 1);
      const removed = (previous[column] ?? 0) + 1;
      const inserted = (current[column - 1] ?? 0) + 1;
      current.push(Math.min(replaced, removed, inserted));
    }
    previous = current;
  }
  return previous[to.length] ?? 0;
}
