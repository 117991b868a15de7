/**
 * A line on a terminal. Goal: its parts in colours, what is broken marked, and no byte of it that a terminal obeys.
 * Escape sequences are written out as `<colour>` for the tests to be read.
 */
import { describe, expect, test } from "bun:test";

import { createShowLine, type ShowOptions } from "../../../src/tap/show-line.ts";

const COLOURS = { hasColours: true, withSubject: false };
const PLAIN = { hasColours: false, withSubject: false };

/** Shows `line` (a character a byte, as latin1 has it) from the middle of a payload. */
function show(options: ShowOptions, line: string, subject = "hosts"): string {
  const payload = Buffer.from(`\u001b[5mx v=1\n${line}\n\u001b[6my v=2`, "latin1");
  const start = payload.indexOf("\n") + 1;
  return createShowLine(options)(payload, start, start + line.length, subject);
}

/** The same in colours, `<2;36>host<>` for what is in colour 2;36. */
const colours = (line: string) =>
  show(COLOURS, line)
    .replaceAll("\u001b[0m", "<>")
    .replaceAll(/\u001b\[([0-9;]+)m/g, "<$1>");

const latin1 = (text: string) => Buffer.from(text).toString("latin1");

describe("the parts of a line", () => {
  test("have colours of their own", () => {
    expect(colours('cpu,host=a,dc=eu usage=1.5,state="ok, so",up=t 1520000001000000000')).toBe(
      "<1>cpu<>,<2;36>host<>=<36>a<>,<2;36>dc<>=<36>eu<> " +
        '<2;32>usage<>=<32>1.5<>,<2;32>state<>=<32>"ok, so"<>,<2;32>up<>=<32>t<> ' +
        "<2>1520000001000000000<>",
    );
  });

  test("are told apart where they are escaped, with blanks between them, without tags and timestamp", () => {
    expect(colours("disk\\ io,a\\=b=c\\,d  v=1i ")).toBe(
      "<1>disk\\ io<>,<2;36>a\\=b<>=<36>c\\,d<>  <2;32>v<>=<32>1i<> ",
    );
    expect(colours(" \tcpu v=1")).toBe(" <7>\\x09<27><1>cpu<> <2;32>v<>=<32>1<>");
  });

  test("are the line itself where there are no colours", () => {
    for (const line of ["cpu,host=a usage=1.5 15", " disk\\ io,a=b v=1i ", "# note"]) {
      expect(show(PLAIN, line)).toBe(line);
    }
  });
});

describe("what InfluxDB would not store", () => {
  test("is marked with the reason, in red and in plain text", () => {
    expect(colours("cpu,host=a")).toBe("<31>cpu,host=a<> <1;31><- missing fields<>");
    expect(colours("cpu v=abc")).toBe("<31>cpu v=abc<> <1;31><- value that InfluxDB refuses<>");
    expect(show(PLAIN, 'cpu v="open')).toBe('cpu v="open <- string without closing quote');
    expect(show(PLAIN, "cpu v=1 soon")).toBe("cpu v=1 soon <- timestamp that is no 64-bit integer");
  });

  test("is no worse than a comment where it is one", () => {
    expect(colours("# note")).toBe("<2># note<>");
  });

  test("leaves no trace in the lines behind it", () => {
    const showLine = createShowLine(PLAIN);
    const payload = Buffer.from("a,b=c\nd v=1");
    expect(showLine(payload, 0, 5, "s")).toBe("a,b=c <- missing fields");
    expect(showLine(payload, 6, 11, "s")).toBe("d v=1");
  });
});

describe("what a terminal would obey", () => {
  test("is escaped, in every part, in good lines and in broken ones", () => {
    expect(show(PLAIN, "c\x1b[2J,h\x07=\x08a v\x0c=1")).toBe("c\\x1b[2J,h\\x07=\\x08a v\\x0c=1");
    expect(show(PLAIN, 'cpu v="\x1b]0;title\x07" 5')).toBe('cpu v="\\x1b]0;title\\x07" 5');
    expect(show(PLAIN, "bro\x00ken\x7f\r\x1b[A")).toBe(
      "bro\\x00ken\\x7f\\x0d\\x1b[A <- missing fields",
    );
  });

  test("is set off from the same characters written out", () => {
    expect(colours('m v="\\x1b\x1b"')).toBe('<1>m<> <2;32>v<>=<32>"\\x1b<7>\\x1b<27>"<>');
  });

  test("is escaped too where it takes several bytes", () => {
    // The 8-bit form of ESC [, a line separator, and what turns the direction of the text.
    expect(show(PLAIN, latin1("cpu,a=\u009b31m,b=\u2028 v=1"))).toBe(
      "cpu,a=\\u{9b}31m,b=\\u{2028} v=1",
    );
    expect(show(PLAIN, latin1('cpu v="\u202etxt"'))).toBe('cpu v="\\u{202e}txt"');
  });

  test("never gets through, whatever byte comes in whatever place", () => {
    for (let byte = 0; byte < 256; byte++) {
      const character = String.fromCharCode(byte);
      if (character === "\n") continue;
      for (const line of [`a${character},b=c d=1 1`, `a,b=c d="${character}"`, character]) {
        const text = show({ hasColours: false, withSubject: true }, line, `s${character}`);
        expect(text).toMatch(/^[\x20-\x7e\xa0-\xac\xae-\xff]*$/u);
      }
    }
  });
});

describe("what is no UTF-8", () => {
  test("is escaped byte by byte, and all around it is text", () => {
    expect(show(PLAIN, `m,a=${latin1("é")},b=\xe9 v=1`)).toBe("m,a=é,b=\\xe9 v=1");
    // A character cut short, one written too long, half of a surrogate pair, a byte that is never there.
    expect(show(PLAIN, "m,a=\xe2\x82,b=\xc0\xaf,c=\xed\xa0\x80,d=\xff v=1")).toBe(
      "m,a=\\xe2\\x82,b=\\xc0\\xaf,c=\\xed\\xa0\\x80,d=\\xff v=1",
    );
    expect(show(PLAIN, `${latin1("\u20ac\u{1f600}\ufffd")}\x80 v=1`)).toBe(
      "\u20ac\u{1f600}\ufffd\\x80 v=1",
    );
  });
});

test("the subject stands in front, dim, if it is wanted", () => {
  const withSubject = { hasColours: true, withSubject: true };
  expect(show(withSubject, "broken")).toStartWith("\u001b[2mhosts\u001b[0m \u001b[31mbroken");
  expect(show({ ...withSubject, hasColours: false }, "m v=1", "a.b")).toBe("a.b m v=1");
});
