/** What is taken for a parameter, and what a client is told of the rest. */
import { expect, test } from "bun:test";

import { readParameters } from "../../../src/pprof/parameters.ts";

const RANGES = {
  seconds: { min: 1, max: 300, absent: 30 },
  thread: { min: 0, max: 2, absent: 0 },
};
const read = (query: string) => readParameters(`http://localhost:1/page${query}`, RANGES);

test("each has its value, or the one for when it is absent", () => {
  expect(read("")).toEqual({ seconds: 30, thread: 0 });
  expect(read("?")).toEqual({ seconds: 30, thread: 0 });
  expect(read("?seconds=1&thread=2")).toEqual({ seconds: 1, thread: 2 });
  expect(read("?thread=0&seconds=300")).toEqual({ seconds: 300, thread: 0 });
  expect(readParameters("/page?seconds=5", RANGES)).toEqual({ seconds: 5, thread: 0 });
});

test("what is out of range or no integer is told with what it should be", () => {
  const seconds = (got: string) => `seconds: expected an integer from 1 to 300, got ${got}`;
  for (const text of ["0", "301", "-1", "1.5", "1e2", "30s", " 30", "0x10", "99999999999", ""]) {
    expect(read(`?seconds=${text}`)).toBe(seconds(`"${text}"`));
  }
  expect(read("?seconds=%221%22")).toBe(seconds(String.raw`"\"1\""`));
  expect(read("?thread=3")).toBe('thread: expected an integer from 0 to 2, got "3"');
});

test("one that there is not is told with those that there are", () => {
  for (const name of ["second", "Seconds", "toString", "__proto__"]) {
    expect(read(`?${name}=5`)).toBe(
      `unknown parameter "${name}": this page has seconds and thread`,
    );
  }
});
