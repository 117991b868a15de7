/** Files with an nkey, as `nk` and `nsc` write them: the seed alone, or between lines that say what it is. */

/** The seed of a user; undefined if `text` holds none. */
export function findSeed(text: string): string | undefined {
  return /^[ \t]*(SU[A-Z2-7]{56})[ \t]*\r?$/m.exec(text)?.[1];
}
