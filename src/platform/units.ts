/**
 * Byte sizes and durations as operators write them, read exactly and printed back.
 *
 * Sizes are the 2.x original's: "KB", "MB" and so on are powers of 1024. Durations are Go's: "1h30m", "1.5s".
 */

/** What a text stands for, or why it stands for nothing. */
export type Parsed = { readonly value: bigint } | { readonly problem: string };

const SIZE_MAX_BYTES = 2n ** 64n - 1n;
const DURATION_MAX_NS = 2n ** 63n - 1n;

/** Ascending powers of 1024, from 1024^0 on. */
const SIZE_PREFIXES = ["", "k", "m", "g", "t", "p", "e"] as const;
const SIZE_PREFIX_NAMES = ["", "kilo", "mega", "giga", "tera", "peta"] as const;
const BYTES_OF_UNIT: ReadonlyMap<string, bigint> = sizeUnits();

const NS_OF_UNIT: ReadonlyMap<string, bigint> = new Map([
  ["h", 3_600_000_000_000n],
  ["m", 60_000_000_000n],
  ["s", 1_000_000_000n],
  ["ms", 1_000_000n],
  ["us", 1000n],
  ["\u00b5s", 1000n], // micro sign
  ["\u03bcs", 1000n], // Greek small letter mu
  ["ns", 1n],
]);

/**
 * Bytes of "2097152", "2048KB", "2 MB", "2megabytes" and the like; "" is 0. Case does not matter, except that "Mb"
 * (and "Kb" and so on) is refused: it reads as bits.
 */
export function parseByteSize(text: string): Parsed {
  if (text === "") return { value: 0n };
  const parts = /^([0-9]+)[ \t\r\n\f]*([A-Za-z]*)[ \t\r\n\f]*$/.exec(text);
  if (parts === null) return { problem: "not a whole number with a unit" };
  const [, digits = "", unit = ""] = parts;
  if (/^[KMGTPE]b$/.test(unit)) {
    return { problem: `"${unit}" means bits; for bytes write "${unit.toUpperCase()}"` };
  }
  const unitBytes = BYTES_OF_UNIT.get(unit.toLowerCase());
  if (unitBytes === undefined) return { problem: `unknown unit "${unit}"` };
  const bytes = BigInt(digits) * unitBytes;
  return bytes > SIZE_MAX_BYTES ? { problem: "out of range" } : { value: bytes };
}

/** The largest unit that divides evenly: "200MB", "43210B". `parseByteSize` reads it back. */
export function formatByteSize(bytes: bigint): string {
  let amount = bytes;
  let power = 0;
  while (amount !== 0n && amount % 1024n === 0n && power < SIZE_PREFIXES.length - 1) {
    amount /= 1024n;
    power++;
  }
  return `${amount}${(SIZE_PREFIXES[power] ?? "").toUpperCase()}B`;
}

/**
 * Nanoseconds of "5m", "1h30m", "1.5s", "-5s" and the like; only "0" may lack a unit. What is finer than a
 * nanosecond is cut off.
 */
export function parseDuration(text: string): Parsed {
  const [, sign = "", amounts = ""] = /^([+-]?)(.*)$/s.exec(text) ?? [];
  if (amounts === "0") return { value: 0n };
  if (!/^\.?[0-9]/.test(amounts)) return { problem: "not a number with a unit" };
  let ns = 0n;
  for (const [, amount = "", unit = ""] of amounts.matchAll(/([0-9.]+)([^0-9.]*)/g)) {
    const digits = /^([0-9]*)\.?([0-9]*)$/.exec(amount);
    if (digits === null || amount === ".") return { problem: `"${amount}" is not a number` };
    if (unit === "") return { problem: "missing unit" };
    const unitNs = NS_OF_UNIT.get(unit);
    if (unitNs === undefined) return { problem: `unknown unit "${unit}"` };
    const [, whole = "", fraction = ""] = digits;
    ns += BigInt(whole) * unitNs + (BigInt(fraction) * unitNs) / 10n ** BigInt(fraction.length);
  }
  const most = sign === "-" ? DURATION_MAX_NS + 1n : DURATION_MAX_NS;
  if (ns > most) return { problem: "out of range" };
  return { value: sign === "-" ? -ns : ns };
}

/** Go's form without its zero parts: "5m", "1h30m", "1.5s", "300ms". `parseDuration` reads it back. */
export function formatDuration(ns: bigint): string {
  if (ns < 0n) return `-${formatDuration(-ns)}`;
  if (ns === 0n) return "0s";
  if (ns < 1000n) return `${ns}ns`;
  if (ns < 1_000_000n) return `${decimal(ns, 3)}us`;
  if (ns < 1_000_000_000n) return `${decimal(ns, 6)}ms`;
  const secondsNs = ns % 60_000_000_000n;
  const minutes = (ns / 60_000_000_000n) % 60n;
  const hours = ns / 3_600_000_000_000n;
  return (
    (hours > 0n ? `${hours}h` : "") +
    (minutes > 0n ? `${minutes}m` : "") +
    (secondsNs > 0n ? `${decimal(secondsNs, 9)}s` : "")
  );
}

/** A duration for timers, which count in milliseconds; fractions are kept. */
export function nsToMs(ns: bigint): number {
  return Number(ns) / 1e6;
}

/** A clock's milliseconds, a fraction included, as nanoseconds. */
export function msToNs(ms: number): bigint {
  const wholeMs = Math.floor(ms);
  return BigInt(wholeMs) * 1_000_000n + BigInt(Math.round((ms - wholeMs) * 1e6));
}

/** `value` / 10^`places`, exactly, without trailing zeros. */
function decimal(value: bigint, places: number): string {
  const digits = value.toString().padStart(places + 1, "0");
  const fraction = digits.slice(-places).replace(/0+$/, "");
  const whole = digits.slice(0, -places);
  return fraction === "" ? whole : `${whole}.${fraction}`;
}

/** Exa has no long names: the original knows only "e" and "eb". */
function sizeUnits(): Map<string, bigint> {
  const units = new Map([["byte", 1n]]);
  SIZE_PREFIXES.forEach((prefix, power) => {
    const bytes = 1024n ** BigInt(power);
    units.set(prefix, bytes).set(`${prefix}b`, bytes);
    const name = SIZE_PREFIX_NAMES[power];
    if (name) units.set(name, bytes).set(`${name}byte`, bytes).set(`${name}bytes`, bytes);
  });
  return units;
}
