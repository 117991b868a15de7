/**
 * Rules of style that a machine can hold. Method: the sources are read as text; they are formatted, so that a function ends at
 * the first brace that stands where its first line begins.
 */
import { expect, test } from "bun:test";
import { join } from "node:path";

const SRC = join(import.meta.dir, "../../src");
const FUNCTION_MAX_LINES = 60;

/** Those that are longer, as long as they are today: they may become shorter, and no other may join them. */
const LONGER: Readonly<Record<string, number>> = {
  "bus/nats-messages.ts createNatsMessages": 68,
  "downsampler/downsampler.ts startDownsampler": 61,
  "listener/http.ts startHttpListener": 64,
  "listener/udp.ts startUdpListener": 77,
  "monitor/monitor.ts startMonitor": 84,
  "writer/keep-trying.ts keepTrying": 61,
  "writer/writer.ts startWriter": 63,
};

const DECLARED = /^( *)(?:export )?(?:async )?function\*? (\w+)/;
const ARROW = /^( *)(?:export )?(?:const|readonly) (#?\w+)(?:: .*)? = (?:async )?(?:\(|\w+ =>)/;
const METHOD = /^( +)(?:static |async |get |set |\*)*(#?\w+|\[Symbol\.\w+\])(?:<.*>)?\(/;
const KEYWORDS = ["if", "for", "while", "switch", "catch", "return", "await", "super"];

interface Found {
  readonly name: string;
  readonly lines: number;
}

/** The functions of a formatted source with their lengths, the line of the closing brace included. */
function functionsOf(source: string): Found[] {
  const lines = source.split("\n");
  return lines.flatMap((line, at) => {
    const match = DECLARED.exec(line) ?? ARROW.exec(line) ?? METHOD.exec(line);
    const [, indent = "", name = ""] = match ?? [];
    if (match === null || KEYWORDS.includes(name)) return [];
    const bodyAt = opening(lines, at, indent);
    if (bodyAt === undefined) return [];
    const end = lines.findIndex((each, place) => place > bodyAt && each.startsWith(`${indent}}`));
    return [{ name, lines: end - at + 1 }];
  });
}

/** The line in which the body of what is declared at `at` begins: that one, or one that ends its parameters. */
function opening(lines: readonly string[], at: number, indent: string): number | undefined {
  for (let place = at; place < lines.length; place++) {
    const line = lines[place] ?? "";
    const isOwn = place === at || line.startsWith(`${indent})`) || line.startsWith(`${indent}}`);
    if (isOwn && /(?:\)|>|\w|\]) (?:=> )?\{$/.test(line)) return place;
    if (place > at && (isOwn || !line.startsWith(`${indent} `))) return undefined;
  }
  return undefined;
}

test("functions are found, and their lines counted", () => {
  const source = `export async function one(): Promise<void> {
  const two = (a: number) => {
    return a;
  };
}

class Three {
  #four(
    a: number,
  ): number {
    if (a > 0) {
      call(a);
    }
    return a;
  }

  get five(): number {
    return 5;
  }
}
`;
  expect(functionsOf(source)).toEqual([
    { name: "one", lines: 5 },
    { name: "two", lines: 3 },
    { name: "#four", lines: 8 },
    { name: "five", lines: 3 },
  ]);
});

test(`no function is longer than ${FUNCTION_MAX_LINES} lines, and those that were do not grow`, async () => {
  const longer: Record<string, number> = {};
  let count = 0;
  for await (const path of new Bun.Glob("**/*.ts").scan(SRC)) {
    const found = functionsOf(await Bun.file(join(SRC, path)).text());
    count += found.length;
    for (const { name, lines } of found) {
      if (lines > FUNCTION_MAX_LINES) longer[`${path} ${name}`] = lines;
    }
  }
  expect(count).toBeGreaterThan(500);
  const grown = Object.entries(longer).filter(([name, lines]) => lines > (LONGER[name] ?? 0));
  expect(Object.fromEntries(grown)).toEqual({});
  // Whoever makes one shorter lowers what it may have.
  const shrunk = Object.keys(LONGER).filter((name) => (longer[name] ?? 0) < (LONGER[name] ?? 0));
  expect(shrunk).toEqual([]);
});
