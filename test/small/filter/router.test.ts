/**
 * The router: one payload in, messages out. Goal: every line goes where the first matching rule sends it, with its
 * bytes as they came, or is dropped under a counter. Method: whole payloads whose messages and counts were worked out
 * by hand; the real scanner and the real rules.
 */
import { describe, expect, test } from "bun:test";

import { putTogether } from "../../../src/bus/bus.ts";
import { FILTER_COUNTERS, type FilterCounter } from "../../../src/filter/counters.ts";
import { Router } from "../../../src/filter/router.ts";
import { countLines } from "../../../src/line/split.ts";
import { Counters } from "../../../src/metrics/counters.ts";
import { compileRules } from "../../../src/rules/compile.ts";
import { type RuleDeclaration, type Tag, tooCostlyAt } from "../../../src/rules/rule.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { randomBrokenLine, randomBytes, randomLine, seededRandom } from "../../support/random.ts";
import { RecordingDrops } from "../../support/recording-drops.ts";

const encoder = new TextEncoder();
const latin1 = new TextDecoder("latin1");

const NOW_MS = Date.UTC(2026, 0, 1);
const NOW_NS = BigInt(NOW_MS) * 1_000_000n;
const SECOND_NS = 1_000_000_000n;

const basic = (match: string, subject = "H"): RuleDeclaration => ({
  type: "basic",
  match,
  subject,
});
const tagged = (tags: readonly Tag[], subject = "T"): RuleDeclaration => ({
  type: "tags",
  tags,
  subject,
});
const regex = (match: string, subject = "R"): RuleDeclaration => ({
  type: "regex",
  match,
  subject,
});

interface Setup {
  readonly rules?: readonly RuleDeclaration[];
  readonly deltaNs?: bigint;
  readonly sortTags?: boolean;
  readonly payloadMaxBytes?: number;
  readonly clock?: ManualClock;
}

function createRouter(setup: Setup) {
  const { rules = [], deltaNs = 600n * SECOND_NS, payloadMaxBytes = 1_000_000 } = setup;
  const { sortTags = false } = setup;
  const counters = new Counters<FilterCounter>(FILTER_COUNTERS);
  const triggered = rules.map(() => 0);
  const drops = new RecordingDrops();
  const router = new Router({
    ruleSet: compileRules(rules),
    ruleSubjects: rules.map((rule) => rule.subject),
    junkyardSubject: "junk",
    timeDeltaMaxNs: deltaNs,
    sortTags,
    clock: setup.clock ?? new ManualClock(NOW_MS),
    counters,
    triggered,
    drops,
    where: "from [in]",
  });
  /** Adds a payload to what is gathered. */
  const gather = (payload: string | Uint8Array) =>
    router.route(typeof payload === "string" ? encoder.encode(payload) : payload, payloadMaxBytes);
  const take = () => {
    const messages: { subject: string; payload: Uint8Array; lines: number }[] = [];
    router.take((message) => {
      const { subject, lines } = message;
      messages.push({ subject, payload: putTogether(message), lines });
    });
    return messages;
  };
  const route = (payload: string | Uint8Array) => {
    gather(payload);
    return take();
  };
  return { router, gather, take, route, counters, triggered, dropped: drops.told };
}

/** Routes one payload: the messages as [subject, text], and the counters that are not zero. */
function route(setup: Setup, payload: string) {
  const router = createRouter(setup);
  const messages = router
    .route(payload)
    .map((message) => [message.subject, latin1.decode(message.payload)]);
  const counts = Object.fromEntries(
    Object.entries(router.counters.snapshot()).filter(([, count]) => count !== 0),
  );
  return { messages, counts };
}

describe("whole payloads, as the 2.x original routed them but for the changes named", () => {
  const hello = [basic("hello")];

  // The original: blank lines are lines, and go to the junkyard.
  test("skips blank lines and does not count them", () => {
    expect(route({ rules: hello }, "\n\nhello x=1\n\n")).toEqual({
      messages: [["H", "hello x=1\n"]],
      counts: { processed: 1, passed: 1 },
    });
  });

  // The original: a bare name is a line of that name, its newline included.
  test("drops and counts lines without fields", () => {
    expect(route({ rules: hello }, "hello\nhello")).toEqual({
      messages: [],
      counts: { processed: 2, invalid_lines: 2 },
    });
  });

  // The original: "hello x=2" without newline, to be glued to whatever follows it in a writer's batch.
  test("ends the last line with the newline that the payload lacks", () => {
    expect(route({ rules: hello }, "hello x=1\nhello x=2")).toEqual({
      messages: [["H", "hello x=1\nhello x=2\n"]],
      counts: { processed: 2, passed: 2 },
    });
  });

  // The original: dropped, and counted as processed alone.
  test("drops and counts lines whose tags do not parse", () => {
    expect(route({ rules: hello }, "hello,dc x=1\nhello x=2\n")).toEqual({
      messages: [["H", "hello x=2\n"]],
      counts: { processed: 2, passed: 1, invalid_lines: 1 },
    });
  });

  test("gives each line to the first rule that matches it", () => {
    expect(
      route({ rules: [regex("x=2"), basic("hello")] }, "hello x=1\nbye x=1\nhello x=2\n"),
    ).toEqual({
      messages: [
        ["R", "hello x=2\n"],
        ["H", "hello x=1\n"],
        ["junk", "bye x=1\n"],
      ],
      counts: { processed: 3, passed: 2, rejected: 1 },
    });
  });

  // The original: a message for each rule, so that the lines of one subject changed their order.
  test("publishes one message for two rules with one subject", () => {
    expect(route({ rules: [basic("hello"), basic("bye")] }, "hello x=1\nbye x=1\n")).toEqual({
      messages: [["H", "hello x=1\nbye x=1\n"]],
      counts: { processed: 2, passed: 2 },
    });
  });

  // 2.x sorts the tags before it tries the rules, and sends the line on like that; 1.x and ours only if asked to.
  test("leaves tags in the order in which they came, for expressions too", () => {
    const line = "foo,b=1,a=2 x=1\n";
    expect(route({ rules: [regex("^foo,a=2,b=1")] }, line)).toEqual({
      messages: [["junk", line]],
      counts: { processed: 1, rejected: 1 },
    });
    expect(route({ rules: [regex("^foo,b=1,a=2")] }, line)).toEqual({
      messages: [["R", line]],
      counts: { processed: 1, passed: 1 },
    });
  });

  // As above: 2.x has a=x=y before b=1 2.
  test("shows expressions the unescaped line and sends the escaped one on", () => {
    const line = "foo,b=1\\ 2,a=x\\=y x=1\n";
    expect(route({ rules: [regex("a=x=y,b=1 2 ")] }, line).messages).toEqual([["junk", line]]);
    expect(route({ rules: [regex("b=1 2,a=x=y ")] }, line).messages).toEqual([["R", line]]);
  });

  // The original: the carriage return is part of the line, and InfluxDB refuses it.
  test("takes the carriage return as part of the line ending, and leaves it out", () => {
    expect(route({ rules: hello }, "hello\r\nhello x=1\r\n")).toEqual({
      messages: [["H", "hello x=1\n"]],
      counts: { processed: 2, passed: 1, invalid_lines: 1 },
    });
  });

  // The original tears the first line: "hello,dc=b\n,host=a".
  test("drops lines of tags alone whole", () => {
    expect(route({ rules: hello }, "hello,host=a,dc=b\nbye x=1\n")).toEqual({
      messages: [["junk", "bye x=1\n"]],
      counts: { processed: 2, rejected: 1, invalid_lines: 1 },
    });
  });

  test("sends everything to the junkyard without rules", () => {
    expect(route({ rules: [] }, "hello x=1\n")).toEqual({
      messages: [["junk", "hello x=1\n"]],
      counts: { processed: 1, rejected: 1 },
    });
  });

  test("makes nothing of an empty payload", () => {
    expect(route({ rules: hello }, "")).toEqual({ messages: [], counts: {} });
  });

  // 1.x takes a short or odd timestamp for none, and lets all four hello lines pass.
  test("judges whatever stands behind the fields as a timestamp", () => {
    const payload =
      "hello,dc x=1\nhello,host=a,dc=b x=1\nfoo x=1\nhello x=1 1\nhello v=1 1500000000\n";
    expect(route({ rules: hello }, payload)).toEqual({
      messages: [
        ["H", "hello,host=a,dc=b x=1\n"],
        ["junk", "foo x=1\n"],
      ],
      counts: { processed: 5, passed: 1, rejected: 1, "invalid-time": 2, invalid_lines: 1 },
    });
  });
});

describe("with sort_tags", () => {
  const sorting = (rules: readonly RuleDeclaration[], payload: string) =>
    route({ rules, sortTags: true }, payload);

  // What 2.x always did, measured.
  test("expressions see the tags in order, and lines leave like that, the escapes as they came", () => {
    expect(sorting([regex("^foo,a=2,b=1")], "foo,b=1,a=2 x=1\n")).toEqual({
      messages: [["R", "foo,a=2,b=1 x=1\n"]],
      counts: { processed: 1, passed: 1 },
    });
    expect(sorting([regex("a=x=y,b=1 2 ")], "foo,b=1\\ 2,a=x\\=y x=1\n").messages).toEqual([
      ["R", "foo,a=x\\=y,b=1\\ 2 x=1\n"],
    ]);
  });

  test("lines leave in their order, sorted ones among others, whichever rule they go to", () => {
    const payload =
      "foo,a=1 x=1\nfoo,b=1,a=2 x=2\r\nbar,b=1,a=2 x=3\n# c,b=1,a=2\nfoo,b=1,a x=4\nfoo x=5\nbar,a=1,b=2 x=6";
    expect(sorting([basic("foo")], payload)).toEqual({
      messages: [
        ["H", "foo,a=1 x=1\nfoo,a=2,b=1 x=2\nfoo x=5\n"],
        ["junk", "bar,a=2,b=1 x=3\nbar,a=1,b=2 x=6\n"],
      ],
      counts: { processed: 7, passed: 3, rejected: 2, invalid_lines: 1, comment_lines: 1 },
    });
  });

  test("the payload itself, which others may read, is not written to", () => {
    const payload = encoder.encode("foo,b=1,a=2 x=1\n");
    const router = createRouter({ sortTags: true });
    const [message] = router.route(payload);
    expect(latin1.decode(message?.payload)).toBe("foo,a=2,b=1 x=1\n");
    expect(latin1.decode(payload)).toBe("foo,b=1,a=2 x=1\n");
    expect(latin1.decode(router.route("foo x=1\n")[0]?.payload)).toBe("foo x=1\n");
    expect(latin1.decode(message?.payload)).toBe("foo,a=2,b=1 x=1\n");
  });

  test("random payloads are routed as without, each good line with its tags in order", () => {
    const random = seededRandom("router with sort_tags");
    const rules = [
      tagged([["9host", "eu"]]),
      basic("cpu"),
      tagged([
        ["9region", "eu"],
        ["8host", "eu"],
      ]),
    ];
    const deltaNs = 2n ** 63n;
    const plain = createRouter({ rules, deltaNs });
    const sorting = createRouter({ rules, deltaNs, sortTags: true });
    let changed = 0;
    for (let round = 0; round < 2000; round++) {
      const lines = Array.from({ length: random.int(10) }, () =>
        (random.oneIn(4) ? randomBrokenLine(random) : randomLine(random))
          // Keys come numbered, from 0 up: in order.
          .replace(/,(\d)/g, (_, digit) => `,${9 - digit}`),
      );
      const payload = lines.join(random.oneIn(4) ? "\r\n" : "\n");
      const textsOf = (router: typeof plain) =>
        router.route(payload).map((m) => [m.subject, m.lines, latin1.decode(m.payload)] as const);
      const [before, after] = [textsOf(plain), textsOf(sorting)];
      // In whatever order: the same subjects, numbers of lines, and characters of each line.
      const withoutOrder = (messages: typeof before) =>
        messages.map(([subject, count, text]) => [
          subject,
          count,
          text.split("\n").map((line) => [...line].sort().join("")),
        ]);
      expect(withoutOrder(after)).toEqual(withoutOrder(before));
      if (JSON.stringify(before) !== JSON.stringify(after)) changed++;
    }
    expect(sorting.counters.snapshot()).toEqual(plain.counters.snapshot());
    expect(sorting.triggered).toEqual(plain.triggered);
    expect(changed).toBeGreaterThan(100);
  });
});

test("gives lines to rules by their tags, and leaves the tags in the order in which they came", () => {
  const rules = [
    tagged(
      [
        ["dc", "a b"],
        ["host", "web"],
      ],
      "T",
    ),
    basic("hello"),
    tagged([["dc", "c"]], "C"),
  ];
  const payload =
    "hello,host=web,dc=a\\ b x=1\nhello,host=web x=2\nbye,x=1,dc=c x=3\nbye,dc=d x=4\n";
  expect(route({ rules }, payload)).toEqual({
    messages: [
      ["T", "hello,host=web,dc=a\\ b x=1\n"],
      ["H", "hello,host=web x=2\n"],
      ["C", "bye,x=1,dc=c x=3\n"],
      ["junk", "bye,dc=d x=4\n"],
    ],
    counts: { processed: 4, passed: 3, rejected: 1 },
  });
});

test("matches names that hold escapes by what they mean, and sends them on as written", () => {
  expect(
    route({ rules: [basic("disk io"), basic("a,b", "A")] }, "disk\\ io v=1\na\\,b v=1\n"),
  ).toEqual({
    messages: [
      ["H", "disk\\ io v=1\n"],
      ["A", "a\\,b v=1\n"],
    ],
    counts: { processed: 2, passed: 2 },
  });
});

test("tells names of one FNV-1 hash apart, which the original does not", () => {
  expect(route({ rules: [basic("disk")] }, "hzywqvh v=1\ndisk v=1\n").messages).toEqual([
    ["H", "disk v=1\n"],
    ["junk", "hzywqvh v=1\n"],
  ]);
});

test("drops comments under a counter of their own", () => {
  expect(route({ rules: [regex("x")] }, "# x=1\nhello x=1\n")).toEqual({
    messages: [["R", "hello x=1\n"]],
    counts: { processed: 2, passed: 1, comment_lines: 1 },
  });
});

test("tells of each payload how many lines it refuses for which reason, with the first of them, comments aside", () => {
  const router = createRouter({ rules: [] });
  const time = "timestamp too far from now (max_time_delta)";
  router.route(
    "# c\nhello\r\nhello x=1 17\nhello x=1\nbye\nhello x=2 18\nhello x=3 -1\nhello,a x=1\n",
  );
  expect(router.dropped.splice(0)).toEqual([
    '1 from [in]: missing tag value: "hello,a x=1"',
    '2 from [in]: missing fields: "hello"',
    `3 from [in]: ${time}: "hello x=1 17"`,
  ]);
  router.route("hello x=1\n");
  expect(router.dropped).toEqual([]);
  router.route("hello x=4 19\n");
  expect(router.dropped).toEqual([`1 from [in]: ${time}: "hello x=4 19"`]);
});

test.each([
  [",a=b v=1", "missing measurement"],
  ["m,=b v=1", "missing tag key"],
  ["m,a= v=1", "missing tag value"],
  ["m", "missing fields"],
  ["m =1", "missing field key"],
  ["m v=", "missing field value"],
  ['m v="a"b', "bad field value"],
  ['m v="a', "string without closing quote"],
  ["m v=1 x", "timestamp that is no 64-bit integer"],
  [' a="b v=1', "would swallow the next line"],
])("tells why %s is refused", (line, why) => {
  const router = createRouter({ rules: [] });
  router.route(`${line}\n`);
  expect(router.dropped).toEqual([`1 from [in]: ${why}: ${JSON.stringify(line)}`]);
});

test("passes bytes that are no UTF-8 through untouched", () => {
  const line = Uint8Array.from([0x68, 0x2c, 0x74, 0x3d, 0xff, 0xc3, 0x20, 0x78, 0x3d, 0x31, 0x0a]);
  const router = createRouter({ rules: [regex("x=1$")] });
  expect(router.route(line).map((message) => message.payload)).toEqual([line]);
});

test("keeps the lines of interleaved measurements in their order, and no memory of the payload before", () => {
  const router = createRouter({ rules: [basic("a", "A"), basic("b", "B")] });
  const texts = (payload: string) =>
    router
      .route(payload)
      .map(({ subject, payload: bytes, lines }) => [subject, latin1.decode(bytes), lines]);
  expect(texts("b x=1\na x=2\na x=3\r\nc x=4\nb x=5\na x=6")).toEqual([
    ["A", "a x=2\na x=3\na x=6\n", 3],
    ["B", "b x=1\nb x=5\n", 2],
    ["junk", "c x=4\n", 1],
  ]);
  expect(texts("b x=7\n")).toEqual([["B", "b x=7\n", 1]]);
  expect(router.triggered).toEqual([3, 3]);
});

test("keeps the order of a subject's lines, whichever rules send them there and in whichever payload they came", () => {
  const router = createRouter({
    rules: [regex("v=2", "S"), basic("cpu", "S"), basic("x", "junk")],
  });
  router.gather("cpu v=1 \nx v=1\n");
  router.gather("cpu v=2\nmem v=1\ncpu v=3\n");
  const texts = router.take().map(({ subject, payload }) => [subject, latin1.decode(payload)]);
  expect(texts).toEqual([
    ["S", "cpu v=1 \ncpu v=2\ncpu v=3\n"],
    ["junk", "x v=1\nmem v=1\n"],
  ]);
  expect(router.triggered).toEqual([1, 2, 1]);
});

describe("the time window", () => {
  const isIn = (timestampNs: bigint, deltaNs: bigint, clock = new ManualClock(NOW_MS)) => {
    const { counts } = route({ deltaNs, clock }, `m x=1 ${timestampNs}\n`);
    expect(counts).toEqual(
      counts["rejected"] === 1
        ? { processed: 1, rejected: 1 }
        : { processed: 1, "invalid-time": 1 },
    );
    return counts["rejected"] === 1;
  };

  test("ends exactly one nanosecond short of the greatest distance, on both sides", () => {
    const deltaNs = 10n * SECOND_NS;
    const times = [-deltaNs - 1n, -deltaNs, -deltaNs + 1n, 0n, deltaNs - 1n, deltaNs, deltaNs + 1n];
    expect(times.map((distance) => isIn(NOW_NS + distance, deltaNs))).toEqual([
      false,
      false,
      true,
      true,
      true,
      false,
      false,
    ]);
  });

  test("is exact where now and the distance are no whole seconds", () => {
    const clock = new ManualClock(NOW_MS + 999.5);
    const deltaNs = 1_500_000_001n;
    const nowNs = NOW_NS + 999_500_000n;
    expect(isIn(nowNs - deltaNs, deltaNs, clock)).toBe(false);
    expect(isIn(nowNs - deltaNs + 1n, deltaNs, clock)).toBe(true);
    expect(isIn(nowNs + deltaNs - 1n, deltaNs, clock)).toBe(true);
    expect(isIn(nowNs + deltaNs, deltaNs, clock)).toBe(false);
  });

  test("judges 600 seconds as the original does", () => {
    const deltaNs = 600n * SECOND_NS;
    expect([-601n, -599n, 599n, 602n].map((s) => isIn(NOW_NS + s * SECOND_NS, deltaNs))).toEqual([
      false,
      true,
      true,
      false,
    ]);
  });

  test("moves with the clock", () => {
    const clock = new ManualClock(NOW_MS);
    const router = createRouter({ clock, deltaNs: 10n * SECOND_NS });
    const line = `m x=1 ${NOW_NS}\n`;
    expect(router.route(line)).toHaveLength(1);
    clock.advance(9999);
    expect(router.route(line)).toHaveLength(1);
    clock.advance(1);
    expect(router.route(line)).toHaveLength(0);
  });

  test("lets lines without a timestamp pass, and drops those of other units", () => {
    const payload =
      `m x=1\nm x=1 -1\nm x=1 ${NOW_MS}\nm x=1 -${NOW_NS}\nm x="at ${NOW_NS}"\n` +
      `m x=1 ${NOW_NS}\r\nm x=1 ${NOW_NS} \n`;
    expect(route({}, payload)).toEqual({
      messages: [["junk", `m x=1\nm x="at ${NOW_NS}"\nm x=1 ${NOW_NS}\nm x=1 ${NOW_NS} \n`]],
      counts: { processed: 7, rejected: 4, "invalid-time": 3 },
    });
  });

  test("refuses timestamps that are no 64-bit integers", () => {
    const payload = "m x=1 9223372036854775808\nm x=1 5.5\nm x=1 +5\nm x=1 1e5\n";
    expect(route({}, payload)).toEqual({
      messages: [],
      counts: { processed: 4, invalid_lines: 4 },
    });
  });
});

describe("outputs above the server's max_payload", () => {
  test("are cut at line ends, every line counted once", () => {
    const router = createRouter({ rules: [basic("a", "A")], payloadMaxBytes: 12 });
    const messages = router.route("a x=1\na x=2\na x=3\na x=44\na x=5");
    expect(messages.map((m) => [m.subject, latin1.decode(m.payload), m.lines])).toEqual([
      ["A", "a x=1\na x=2\n", 2],
      ["A", "a x=3\n", 1],
      ["A", "a x=44\n", 1],
      ["A", "a x=5\n", 1],
    ]);
    expect(router.triggered).toEqual([5]);
  });

  test("lose a line that alone exceeds it, the rest of its output passes", () => {
    const setup = { rules: [basic("a", "A")], payloadMaxBytes: 10 };
    const payload = "a x=1\na x=1234567\na x=2\nbb x=12345\n";
    expect(route(setup, payload)).toEqual({
      messages: [
        ["A", "a x=1\n"],
        ["A", "a x=2\n"],
      ],
      counts: { processed: 4, passed: 3, rejected: 1, dropped_long_lines: 2 },
    });
    const router = createRouter(setup);
    router.route(payload);
    const why = "longer than the NATS server's max_payload";
    expect(router.dropped).toEqual([
      `1 from [in]: ${why}: "a x=1234567"`,
      `1 from [in]: ${why}: "bb x=12345"`,
    ]);
  });

  test("may come of the newline that is added", () => {
    expect(route({ payloadMaxBytes: 5 }, "a x=1")).toEqual({
      messages: [],
      counts: { processed: 1, rejected: 1, dropped_long_lines: 1 },
    });
  });
});

test("routes a payload of 8 MB line by line", () => {
  const rules = [basic("cpu", "C"), regex("^mem", "M")];
  const router = createRouter({ rules, payloadMaxBytes: 1 << 20 });
  const group = `cpu,host=a usage=1\nmem,host=a free=2i\n\ndisk used="3\\"4"\r\nnonsense\n`;
  const rounds = 120_000;
  const messages = router.route(group.repeat(rounds));

  const texts = new Map<string, string>();
  for (const { subject, payload, lines } of messages) {
    expect(payload.length).toBeLessThanOrEqual(1 << 20);
    expect(lines).toBeGreaterThan(0);
    texts.set(subject, (texts.get(subject) ?? "") + latin1.decode(payload));
  }
  expect([...texts.keys()]).toEqual(["C", "M", "junk"]);
  expect(texts.get("C") === "cpu,host=a usage=1\n".repeat(rounds)).toBe(true);
  expect(texts.get("M") === "mem,host=a free=2i\n".repeat(rounds)).toBe(true);
  expect(texts.get("junk") === `disk used="3\\"4"\n`.repeat(rounds)).toBe(true);
  expect(router.counters.get("processed")).toBe(4 * rounds);
  expect(router.counters.get("passed")).toBe(2 * rounds);
  expect(router.counters.get("rejected")).toBe(rounds);
  expect(router.counters.get("invalid_lines")).toBe(rounds);
});

test("accounts for every line of random payloads, good, broken and mere noise", () => {
  const random = seededRandom("router");
  const rules = [basic("cpu", "A"), regex("1", "O"), regex("disk|mem", "B")];
  const router = createRouter({ rules, payloadMaxBytes: 100 });
  let received = 0;
  let published = 0;
  for (let round = 0; round < 3000; round++) {
    const lines = Array.from({ length: random.int(20) }, () =>
      random.oneIn(4) ? randomBrokenLine(random) : randomLine(random),
    );
    const payload = random.oneIn(10)
      ? randomBytes(random, random.int(200))
      : encoder.encode(lines.join(random.oneIn(4) ? "\r\n" : "\n"));
    received += countLines(payload);
    for (const message of router.route(payload)) {
      expect(message.payload.length).toBeLessThanOrEqual(100);
      expect(message.payload.at(-1)).toBe(0x0a);
      expect(countLines(message.payload)).toBe(message.lines);
      published += message.lines;
    }
  }
  const counts = router.counters.snapshot();
  expect(counts.processed).toBe(received);
  expect(counts.processed).toBe(
    counts.passed +
      counts.rejected +
      counts["invalid-time"] +
      counts.invalid_lines +
      counts.comment_lines,
  );
  expect(counts.passed + counts.rejected).toBe(published + counts.dropped_long_lines);
  expect(router.triggered.reduce((sum, count) => sum + count, 0)).toBe(counts.passed);
  expect(Math.min(...router.triggered, counts.rejected, counts.invalid_lines)).toBeGreaterThan(0);
});

test("a line that the expressions take too long for is dropped under a reason of its own, those around it are not", () => {
  const counters = new Counters<FilterCounter>(FILTER_COUNTERS);
  const costly: string[] = [];
  const triggered = [0, 0, 0];
  const router = new Router({
    ruleSet: {
      length: 3,
      match: (payload, { lineStart }) =>
        payload[lineStart] === 0x63 ? tooCostlyAt(2) : payload[lineStart] === 0x61 ? 1 : -1,
    },
    ruleSubjects: ["A", "B", "C"],
    junkyardSubject: "junk",
    timeDeltaMaxNs: 600n * SECOND_NS,
    sortTags: false,
    clock: new ManualClock(NOW_MS),
    counters,
    triggered,
    drops: new RecordingDrops(),
    where: "from [in]",
    onCostlyLine: (line, rule) => void costly.push(`${latin1.decode(line)} at ${rule}`),
  });
  router.route(encoder.encode("a v=1\nc v=2\nb v=3\nc v=4"), 1_000_000);
  const messages: string[] = [];
  router.take((message) => {
    messages.push(`${message.subject}: ${latin1.decode(putTogether(message))}`);
  });
  expect(messages).toEqual(["B: a v=1\n", "junk: b v=3\n"]);
  expect(costly).toEqual(["c v=2 at 2", "c v=4 at 2"]);
  expect(triggered).toEqual([0, 1, 0]);
  expect(counters.snapshot()).toMatchObject({
    processed: 4,
    passed: 1,
    rejected: 1,
    dropped_costly_lines: 2,
  });
});
