/** Chance that can be repeated: every run prints its seed, and `SEED=...` in the environment plays it again. */

export interface Random {
  readonly seed: number;
  /** A whole number from 0 up to and without `below`. */
  int(below: number): number;
  pick<Item>(items: readonly Item[]): Item;
  /** True once in `times`, on average. */
  oneIn(times: number): boolean;
}

/** Prints the seed under the suite's name, so that a failure can be run again. */
export function seededRandom(suite: string): Random {
  const given = process.env["SEED"];
  const seed = given === undefined ? crypto.getRandomValues(new Uint32Array(1))[0]! : Number(given);
  console.info(`${suite}: SEED=${seed}`);
  return randomFrom(seed);
}

/** The same numbers for the same seed. mulberry32: small, quick and good enough to choose test data. */
export function randomFrom(seed: number): Random {
  let state = seed >>> 0;
  function next(): number {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }
  const int = (below: number) => Math.floor(next() * below);
  return {
    seed,
    int,
    oneIn: (times) => int(times) === 0,
    pick: (items) => {
      const item = items[int(items.length)];
      if (item === undefined) throw new Error("BUG: nothing to pick from");
      return item;
    },
  };
}

const NAMES = ["cpu", "disk", "net", "mem", "temperature", "docker_container_cpu", "温度"];
const TAG_KEYS = ["host", "region", "device", "ro\\ om", "a\\=b", "c\\,d", "\\ x", "部屋"];
const TAG_VALUES = ["web-17.example.org", "eu", "sda1", "a\\ b", "\\,", '"', "C:\\dir", "x\ty"];
const FIELD_KEYS = ["usage_user", "free", "v", "a\\ b", "c\\,d", "e\\=f", '"q"', "値"];
const FIELD_VALUES = ["1", "12.5", "-7i", "1e-9", "t", "false"];
const STRINGS = ['""', '"ok"', '"a b,c=d"', '"say \\"hi\\""', '"C:\\\\"', '"x 5"', '"# not, one"'];
const BLANKS = [" ", "  ", " \t", " \0 "];

/**
 * A line of good line protocol, without its line ending: tags and fields in any number, with escapes at the edges,
 * strings that look like other parts, blanks where they are allowed.
 */
export function randomLine(random: Random): string {
  const tags = Array.from({ length: random.int(4) }, (_, place) => {
    // Numbered, as a key must not come twice.
    return `,${place}${random.pick(TAG_KEYS)}=${random.pick(TAG_VALUES)}`;
  });
  const fields = Array.from({ length: 1 + random.int(4) }, (_, place) => {
    const value = random.pick(random.oneIn(3) ? STRINGS : FIELD_VALUES);
    return `${place}${random.pick(FIELD_KEYS)}=${value}`;
  });
  const timestamp = random.oneIn(4) ? "" : random.pick(BLANKS) + randomTimestamp(random);
  const head = random.oneIn(10) ? random.pick(BLANKS) : "";
  const tail = random.oneIn(10) ? "  " : "";
  const series = `${random.pick(NAMES)}${tags.join("")}`;
  return `${head}${series}${random.pick(BLANKS)}${fields.join(",")}${timestamp}${tail}`;
}

function randomTimestamp(random: Random): string {
  const digits = Array.from({ length: 1 + random.int(18) }, () => random.int(10)).join("");
  return random.oneIn(5) ? `-${digits}` : digits;
}

/** What line protocol is made of and what breaks it. */
const PIECES = [
  ...[
    ",",
    "=",
    " ",
    '"',
    "\\",
    "\\\\",
    "\\ ",
    "\\,",
    "\\=",
    '\\"',
    "\t",
    "\0",
    "\r",
    "#",
    "-",
    "+",
  ],
  ...["a", "m", "t", "5", "17", "1.5", "2i", "é", "温", "\ud800", "v=1", ",b=2", ' s="x"', "\x7f"],
];

/** Something between a line and noise, without a newline: a good line broken in a few places, or pieces at random. */
export function randomBrokenLine(random: Random): string {
  let text = random.oneIn(3) ? "" : randomLine(random);
  for (let change = random.int(6); change >= 0; change--) {
    const at = random.int(text.length + 1);
    const cut = random.oneIn(2) ? random.int(3) : 0;
    text = text.slice(0, at) + random.pick(PIECES) + text.slice(at + cut);
  }
  return text;
}

/** Bytes that mean something in line protocol, and one that is never UTF-8. */
const MEANINGFUL = [...Buffer.from('\n\n\r ,="\\\t\0#-+avt0159i.'), 0xff];

/** Any bytes at all, newlines among them; every other time mostly such that mean something in line protocol. */
export function randomBytes(random: Random, sizeBytes: number): Uint8Array {
  const isStructured = random.oneIn(2);
  return Uint8Array.from({ length: sizeBytes }, () =>
    isStructured && !random.oneIn(8) ? random.pick(MEANINGFUL) : random.int(256),
  );
}
