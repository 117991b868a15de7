/** The parameters of a page, all of them integers. */
import { harmlessJson } from "../platform/harmless-text.ts";

export interface Range {
  readonly min: number;
  readonly max: number;
  /** What the value is where none is given. */
  readonly absent: number;
}

/** Each value under its name, or, as a text for the client, what is wrong. `url` may be a path and a query alone. */
export function readParameters<Name extends string>(
  url: string,
  ranges: Readonly<Record<Name, Range>>,
): Readonly<Record<Name, number>> | string {
  const start = url.indexOf("?");
  const given = new URLSearchParams(start === -1 ? "" : url.slice(start));
  const unknown = [...given.keys()].find((name) => !Object.hasOwn(ranges, name));
  if (unknown !== undefined) {
    const known = Object.keys(ranges).join(" and ");
    return `unknown parameter ${harmlessJson(unknown)}: this page has ${known}`;
  }
  const values: Partial<Record<Name, number>> = {};
  for (const [name, { min, max, absent }] of Object.entries(ranges) as [Name, Range][]) {
    const text = given.get(name) ?? String(absent);
    const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= min && value <= max)) {
      return `${name}: expected an integer from ${min} to ${max}, got ${harmlessJson(text)}`;
    }
    values[name] = value;
  }
  return values as Record<Name, number>;
}
