/**
 * What the HTTP listener answers, request by request and without a port: status, body and headers as clients of
 * InfluxDB 1.x expect them, and what goes into the batch. Each line published ends the batch (count 1), so that what
 * a request leaves behind shows at once.
 */
import { expect, test } from "bun:test";
import { gzipSync } from "node:zlib";

import { HTTP_COUNTERS, type HttpCounters } from "../../../src/listener/counters.ts";
import { createBodyReader } from "../../../src/listener/http-body.ts";
import { createRoutes } from "../../../src/listener/http-routes.ts";
import { createWrite } from "../../../src/listener/http-write.ts";
import { Intake } from "../../../src/listener/intake.ts";
import { Counters } from "../../../src/metrics/counters.ts";
import { DropLog } from "../../../src/platform/drops.ts";
import { eventually } from "../../support/eventually.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { RecordingLog } from "../../support/recording-log.ts";
import { MemoryBus } from "./memory-bus.ts";

const BODY_MAX_BYTES = 1000;
const PUBLISHED_MAX_BYTES = 2000;

type Content = string | Uint8Array<ArrayBuffer> | ReadableStream;

interface SetUpOptions {
  readonly countMax?: number;
  readonly sizeMaxBytes?: number;
  readonly bodyMaxBytes?: number;
  readonly publishedMaxBytes?: number;
  readonly totalMaxBytes?: number;
}

function setUp(options: SetUpOptions = {}) {
  const { countMax = 1, sizeMaxBytes = 10_000, bodyMaxBytes = BODY_MAX_BYTES } = options;
  const { publishedMaxBytes = PUBLISHED_MAX_BYTES, totalMaxBytes = 5 * bodyMaxBytes } = options;
  const bus = new MemoryBus();
  const clock = new ManualClock();
  const log = new RecordingLog();
  // Requests wait by the other one, and what is told waits too.
  const logClock = new ManualClock();
  const drops = new DropLog(log, logClock);
  const counters: HttpCounters = new Counters(HTTP_COUNTERS);
  const intake = new Intake({
    limits: { countMax, sizeMaxBytes, ageMaxMs: 1000 },
    subject: "lines",
    bus,
    counters,
    clock,
    drops,
  });
  const bodies = createBodyReader({
    bodyMaxBytes,
    totalMaxBytes,
    clock: new ManualClock(),
    senderName: () => "",
  });
  const errors: Error[] = [];
  const write = createWrite({
    bus,
    subject: "lines",
    intake,
    counters,
    bodies,
    publishedMaxBytes,
    drops,
    clock,
    log,
  });
  const routes = createRoutes(write, (error) => errors.push(error));
  const send = async (path: string, init: RequestInit = {}) =>
    routes(new Request(`http://localhost${path}`, init));
  const post = (path: string, body: Content, headers: Record<string, string> = {}) =>
    send(path, { method: "POST", body, headers });
  return { bus, clock, log, logClock, counters, intake, errors, send, post };
}

/** Status and JSON of an error answer, which must have exactly InfluxDB's content type. */
async function failureOf(answer: Response): Promise<[status: number, error: string]> {
  expect(answer.headers.get("Content-Type")).toBe("application/json");
  const body = (await answer.json()) as { error: string };
  expect(Object.keys(body)).toEqual(["error"]);
  return [answer.status, body.error];
}

test("a write is answered with 204 and no body, and its lines go out as they are", async () => {
  const { bus, post, counters } = setUp();
  const answer = await post("/write?db=metrics&rp=autogen&consistency=&u=a&p=b", "a v=1 5\nb v=2");
  expect([answer.status, answer.body, answer.headers.get("Content-Type")]).toEqual([
    204,
    null,
    null,
  ]);
  expect(bus.published).toEqual([["lines", "a v=1 5\nb v=2\n"]]);
  expect(counters.snapshot()).toMatchObject({
    received: 1,
    sent: 1,
    read_errors: 0,
    received_bytes: 13,
    received_lines: 2,
    sent_lines: 2,
  });
});

test("an empty body is a success that leaves nothing behind", async () => {
  const { bus, post, counters } = setUp();
  expect((await post("/write", "")).status).toBe(204);
  expect((await post("/write", "", { "Content-Encoding": "gzip" })).status).toBe(204);
  expect(bus.texts).toEqual([]);
  expect(counters.get("received")).toBe(0);
});

test("bodies are framed one by one: a missing newline fuses nothing", async () => {
  const { bus, post } = setUp({ countMax: 3 });
  await post("/write", "a v=1");
  await post("/write?precision=s", "b v=2 1");
  await post("/write", "c v=3\n");
  expect(bus.texts).toEqual(["a v=1\nb v=2 1000000000\nc v=3\n"]);
});

test("timestamps come in any of InfluxDB's units, by every name it has had for them", async () => {
  const converted = async (precision: string) => {
    const { bus, post } = setUp();
    const answer = await post(
      `/write?precision=${encodeURIComponent(precision)}`,
      "a v=1 1500000\nb v=2\nc v=3 2",
    );
    expect(answer.status).toBe(204);
    return bus.texts.join("");
  };
  for (const name of ["", "n", "ns"]) {
    expect(await converted(name)).toBe("a v=1 1500000\nb v=2\nc v=3 2\n");
  }
  for (const name of ["u", "us", "\u00b5"]) {
    expect(await converted(name)).toBe("a v=1 1500000000\nb v=2\nc v=3 2000\n");
  }
  expect(await converted("ms")).toBe("a v=1 1500000000000\nb v=2\nc v=3 2000000\n");
  expect(await converted("s")).toBe("a v=1 1500000000000000\nb v=2\nc v=3 2000000000\n");
  expect(await converted("m")).toBe("a v=1 90000000000000000\nb v=2\nc v=3 120000000000\n");
  expect(await converted("h")).toBe("a v=1 5400000000000000000\nb v=2\nc v=3 7200000000000\n");
});

test("of a parameter that comes twice the first counts", async () => {
  const { bus, post } = setUp();
  await post("/write?precision=s&precision=ms", "a v=1 5");
  expect(bus.texts).toEqual(["a v=1 5000000000\n"]);
});

test("an unknown precision is refused and never taken for nanoseconds", async () => {
  const { bus, post, counters } = setUp();
  for (const precision of ["S", "foo", "%zz;a", "seconds"]) {
    expect(await failureOf(await post(`/write?precision=${precision}`, "a v=1 5"))).toEqual([
      400,
      `invalid precision "${precision}" (use n, ns, u, us, \u00b5, ms, s, m or h)`,
    ]);
  }
  expect(bus.texts).toEqual([]);
  expect(counters.get("refused_requests")).toBe(4);
});

test("a time that nanoseconds cannot hold drops its line, passes the others, and is named", async () => {
  const { bus, post, counters } = setUp();
  const body = "a v=1 9223372036\nb v=1 9223372037\nc v=1 -9223372037\nd v=1";
  expect(await failureOf(await post("/write?precision=s", body))).toEqual([
    400,
    "partial write: unable to parse 'b v=1 9223372037': " +
      "time outside range -9223372036854775806 - 9223372036854775806 dropped=2",
  ]);
  expect(bus.texts).toEqual(["a v=1 9223372036000000000\nd v=1\n"]);
  expect(counters.snapshot()).toMatchObject({
    received: 1,
    received_lines: 4,
    sent_lines: 2,
    dropped_overflow_lines: 2,
    refused_requests: 0,
  });
});

test("a body of nothing but overflowing lines publishes nothing", async () => {
  const { bus, post } = setUp();
  const [status] = await failureOf(await post("/write?precision=h", "a v=1 2562048"));
  expect(status).toBe(400);
  expect(bus.texts).toEqual([]);
});

test("a line too long to publish is dropped, the others pass, and the client is told", async () => {
  const { bus, post, counters } = setUp();
  bus.maxBytes = 20;
  const body = `a v=1\n${"x".repeat(20)}\nb v=2\n`;
  expect(await failureOf(await post("/write", body))).toEqual([
    400,
    "partial write: line too long to be published dropped=1",
  ]);
  expect(bus.texts).toEqual(["a v=1\n", "b v=2\n"]);
  expect(counters.snapshot()).toMatchObject({ dropped_long_lines: 1, sent_lines: 2 });
});

test("gzip is inflated under either name, all members of it", async () => {
  const body = Buffer.concat([gzipSync("a v=1\n"), gzipSync("b v=2\n"), gzipSync("c v=3")]);
  for (const encoding of ["gzip", "x-gzip", " GZIP "]) {
    const { bus, post, counters } = setUp();
    expect((await post("/write", body, { "Content-Encoding": encoding })).status).toBe(204);
    expect(bus.texts).toEqual(["a v=1\nb v=2\nc v=3\n"]);
    expect(counters.get("received_bytes")).toBe(17);
  }
});

test("identity is no encoding, alone or beside gzip", async () => {
  const { bus, post } = setUp();
  for (const encoding of ["identity", "identity, identity", ","]) {
    expect((await post("/write", "a v=1", { "Content-Encoding": encoding })).status).toBe(204);
  }
  for (const encoding of ["gzip, identity", "Identity,X-GZIP", "gzip,"]) {
    const answer = await post("/write", gzipSync("a v=1"), { "Content-Encoding": encoding });
    expect(answer.status).toBe(204);
  }
  expect(bus.texts).toEqual(Array(6).fill("a v=1\n"));
});

test("what stands between the members of a gzip file, or behind them, is refused as InfluxDB does, NUL bytes too", async () => {
  const { bus, post } = setUp({ bodyMaxBytes: 1_000_000 });
  const refusal = async (...parts: Uint8Array[]) =>
    failureOf(await post("/write", Buffer.concat(parts), { "Content-Encoding": "gzip" }));
  const member = gzipSync("a v=1\n");
  // This one becomes more than is inflated before anything else is done.
  const large = gzipSync(`b v="${"x".repeat(300_000)}"\n`);
  for (const first of [member, large]) {
    expect(await refusal(first, Buffer.alloc(1), member)).toEqual([400, "gzip: invalid header"]);
    expect(await refusal(first, Buffer.alloc(512))).toEqual([400, "gzip: invalid header"]);
    // A header is longer.
    expect(await refusal(first, Buffer.alloc(9))).toEqual([400, "unexpected EOF"]);
  }
  expect(await refusal(Buffer.alloc(20))).toEqual([400, "gzip: invalid header"]);
  expect(bus.texts).toEqual([]);
});

test("what is no gzip, or not all of it, is refused as a whole", async () => {
  const { bus, post } = setUp();
  const refusal = async (body: Content) =>
    failureOf(await post("/write", body, { "Content-Encoding": "gzip" }));
  const good = gzipSync("a v=1\n");
  const corrupt = Buffer.from(good);
  corrupt[corrupt.length - 8]! ^= 1;
  expect(await refusal("a v=1\n")).toEqual([400, "gzip: invalid header"]);
  expect(await refusal(good.subarray(0, -3))).toEqual([400, "unexpected EOF"]);
  expect(await refusal(corrupt)).toEqual([400, "gzip: invalid checksum"]);
  expect(await refusal(Buffer.concat([good, Buffer.from("junk")]))).toEqual([
    400,
    "gzip: invalid header",
  ]);
  expect(bus.texts).toEqual([]);
});

test("other encodings are refused, with the one that is known", async () => {
  const { bus, post } = setUp();
  for (const encoding of ["deflate", "br", "gzip, gzip"]) {
    const answer = await post("/write", "a v=1", { "Content-Encoding": encoding });
    expect(answer.headers.get("Accept-Encoding")).toBe("gzip");
    expect(await failureOf(answer)).toEqual([
      415,
      `cannot read Content-Encoding "${encoding}" (use gzip or none)`,
    ]);
  }
  expect(bus.texts).toEqual([]);
});

test("a body above the limit is refused, before and after inflating; one at the limit passes", async () => {
  const { bus, post, counters } = setUp();
  const gzip = { "Content-Encoding": "gzip" };
  const most = "x".repeat(BODY_MAX_BYTES);
  const streamed = () => new Blob([most, "x"]).stream();
  for (const answer of [
    await post("/write", `${most}x`, { "Content-Length": String(BODY_MAX_BYTES + 1) }),
    await post("/write", streamed()),
    await post("/write", gzipSync(`${most}x`), gzip),
    await post("/write", gzipSync(Buffer.alloc(100_000_000)), gzip),
  ]) {
    expect(await failureOf(answer)).toEqual([413, "Request Entity Too Large"]);
  }
  expect(bus.texts).toEqual([]);
  expect(counters.snapshot()).toMatchObject({ received: 0, refused_requests: 4 });
  expect((await post("/write", most)).status).toBe(204);
  expect((await post("/write", gzipSync(most), gzip)).status).toBe(204);
  expect(bus.texts).toEqual([`${most}\n`, `${most}\n`]);
});

/** Phrases in an error by which clients decide to drop what they could send again. */
const NO_RETRY_PHRASES = [
  "database not found",
  "retention policy not found",
  "points beyond retention policy",
  "field type conflict",
  "unable to parse",
  "hinted handoff queue not empty",
  "authorization failed",
  "username required",
];

test("while the bus is away and takes no more, clients are sent away before their body is read", async () => {
  const { bus, send, counters } = setUp();
  bus.isDown = true;
  bus.takes = 0;
  let isRead = false;
  const body = new ReadableStream(
    {
      pull(controller) {
        isRead = true;
        controller.close();
      },
    },
    { highWaterMark: 0 },
  );
  const answer = await send("/write", { method: "POST", body });
  expect(answer.headers.get("Retry-After")).toMatch(/^\d+$/);
  const [status, error] = await failureOf(answer);
  expect(status).toBe(503);
  for (const phrase of NO_RETRY_PHRASES) expect(error).not.toContain(phrase);
  expect(isRead).toBe(false);
  expect(counters.snapshot()).toMatchObject({ received: 0, unavailable_requests: 1 });
});

test("while NATS allows no lines on the subject clients are sent away, to send the body again", async () => {
  const { bus, send, post, counters } = setUp();
  bus.refused.add("lines");
  const answer = await post("/write", "a v=1");
  expect(answer.headers.get("Retry-After")).toMatch(/^\d+$/);
  const [status, error] = await failureOf(answer);
  expect({ status, error }).toEqual({
    status: 503,
    error: "NATS does not allow lines on this listener's subject at the moment, try again",
  });
  for (const phrase of NO_RETRY_PHRASES) expect(error).not.toContain(phrase);

  bus.refused.clear();
  const body = new ReadableStream({
    pull(controller) {
      bus.refused.add("lines");
      controller.enqueue(new TextEncoder().encode("a v=1"));
      controller.close();
    },
  });
  expect((await failureOf(await send("/write", { method: "POST", body })))[0]).toBe(503);
  expect(bus.texts).toEqual([]);
  expect(counters.snapshot()).toMatchObject({ received: 0, unavailable_requests: 2 });
  bus.refused.clear();
  expect((await post("/write", "a v=1")).status).toBe(204);
});

test("when the bus filled up while the body was read, and is away, nothing of it is taken", async () => {
  const { bus, send, counters } = setUp();
  const body = new ReadableStream({
    pull(controller) {
      bus.takes = 0;
      bus.isDown = true;
      controller.enqueue(new TextEncoder().encode("a v=1"));
      controller.close();
    },
  });
  const [status] = await failureOf(await send("/write", { method: "POST", body }));
  expect(status).toBe(503);
  expect(counters.snapshot()).toMatchObject({ received: 0, failed_nats_publish: 0 });
});

test("a large body whose times are converted is taken as a whole or not at all, and its lines count while they wait", async () => {
  const line = "cpu,host=a usage=12.5 1500000000\n";
  const rig = setUp({ bodyMaxBytes: 700_000, publishedMaxBytes: 2_000_000, sizeMaxBytes: 400_000 });
  const body = line.repeat(20_000);
  const { bus, clock, post } = rig;
  bus.roomBytes = 0;
  const sentAway = post("/write?precision=s", body);
  await eventually("the wait for room", () => clock.timerCount > 0);
  clock.advance(1000);
  expect((await failureOf(await sentAway))[0]).toBe(503);
  expect(bus.texts).toEqual([]);
  bus.roomBytes = 2_000_000;
  expect((await post("/write?precision=s", body)).status).toBe(204);
  expect(bus.texts.join("") === line.replace("\n", "000000000\n").repeat(20_000)).toBe(true);
  expect(rig.counters.get("received_bytes")).toBe(body.length);

  // 640,000 bytes become 1,680,000.
  const narrow = setUp({
    bodyMaxBytes: 700_000,
    publishedMaxBytes: 2_000_000,
    totalMaxBytes: 2_000_000,
  });
  const tiny = "a v=1 9\n".repeat(80_000);
  const refusal = await failureOf(await narrow.post("/write?precision=h", tiny));
  expect(refusal).toEqual([503, "too many requests at the moment, try again"]);
  expect(narrow.bus.texts).toEqual([]);
  expect((await narrow.post("/write", tiny)).status).toBe(204);
});

test("of a client that went away while its body waited nothing is taken, and it is counted once", async () => {
  const { bus, clock, send, counters } = setUp();
  for (const isSentAway of [false, true]) {
    bus.roomBytes = 0;
    const client = new AbortController();
    const { signal } = client;
    const waiting = send("/write", { method: "POST", body: "a v=1", signal });
    await eventually("the wait for room", () => clock.timerCount > 0);
    client.abort();
    if (isSentAway) clock.advance(1000);
    else bus.makeRoom(1000);
    await waiting;
  }
  expect(bus.texts).toEqual([]);
  expect(counters.snapshot()).toMatchObject({
    received: 0,
    received_lines: 0,
    read_errors: 2,
    unavailable_requests: 0,
  });
});

test("while the bus is full, a request waits for room, and is sent away after a second without any", async () => {
  const { bus, clock, post, counters } = setUp();
  bus.roomBytes = 0;
  const waiting = post("/write", "a v=1");
  await eventually("the wait for room", () => clock.timerCount > 0);
  clock.advance(500);
  // Others were quicker: the wait goes on, within the same second.
  bus.makeRoom(1);
  await eventually("the next wait", () => clock.timerCount > 0);
  bus.makeRoom(1000);
  expect((await waiting).status).toBe(204);
  bus.roomBytes = 0;
  const inVain = post("/write", "b v=2");
  await eventually("the wait for room", () => clock.timerCount > 0);
  clock.advance(600);
  bus.makeRoom(1);
  await eventually("the next wait", () => clock.timerCount > 0);
  clock.advance(399);
  expect(await Promise.race([inVain, "waiting"])).toBe("waiting");
  clock.advance(1);
  expect((await failureOf(await inVain))[0]).toBe(503);
  expect(bus.texts).toEqual(["a v=1\n"]);
  expect(counters.snapshot()).toMatchObject({ received: 1, unavailable_requests: 1 });
});

test("a body is taken as a whole or not at all, what is gathered before it included", async () => {
  const { bus, post, counters } = setUp({ countMax: 2, sizeMaxBytes: 8 });
  expect((await post("/write", "first\n")).status).toBe(204);
  // Room for what is gathered and one of the two messages that the body makes.
  bus.roomBytes = 6 + 13;
  bus.isDown = true;
  const answer = await post("/write", "aaaaaa\nbbbbbb\n");
  expect((await failureOf(answer))[0]).toBe(503);
  expect(bus.texts).toEqual([]);
  bus.roomBytes = 6 + 14;
  expect((await post("/write", "aaaaaa\nbbbbbb\n")).status).toBe(204);
  expect(bus.texts).toEqual(["first\n", "aaaaaa\n", "bbbbbb\n"]);
  expect(counters.snapshot()).toMatchObject({ dropped_nats_lines: 0, received: 2 });
});

test("lines that grow beyond what the bus can ever take are refused, and nothing of them is taken", async () => {
  const { bus, post, counters } = setUp();
  // 120 lines of eight bytes, each 13 digits longer in nanoseconds: 2,520 bytes.
  const [status] = await failureOf(await post("/write?precision=h", "a v=1 9\n".repeat(120)));
  expect(status).toBe(413);
  expect(bus.texts).toEqual([]);
  expect(counters.snapshot()).toMatchObject({ received: 0, refused_requests: 1 });
});

test("a bus that is closed while the body is handed over makes the client send it again", async () => {
  const { bus, post, counters } = setUp();
  bus.takes = 0;
  expect((await failureOf(await post("/write", "a v=1")))[0]).toBe(503);
  expect(counters.snapshot()).toMatchObject({ dropped_nats_lines: 1, unavailable_requests: 1 });
});

test("a body that ends too early leaves nothing behind", async () => {
  const { bus, send, counters } = setUp();
  const body = new ReadableStream({
    start(controller) {
      controller.enqueue(new TextEncoder().encode("a v=1\nb v"));
    },
    pull(controller) {
      controller.error(new Error("connection closed"));
    },
  });
  await send("/write", { method: "POST", body });
  expect(bus.texts).toEqual([]);
  expect(counters.snapshot()).toMatchObject({ received: 0, read_errors: 1 });
});

test("ping is answered with 204, or with the version if asked", async () => {
  const { send } = setUp();
  for (const method of ["GET", "HEAD"]) {
    for (const query of ["", "?verbose=false", "?verbose=0"]) {
      const answer = await send(`/ping${query}`, { method });
      expect([answer.status, await answer.text()]).toEqual([204, ""]);
    }
  }
  const verbose = await send("/ping?verbose=true");
  expect([verbose.status, await verbose.json()]).toEqual([200, { version: "1.8.10" }]);
  expect(verbose.headers.get("Content-Type")).toBe("application/json");
});

test("another path is not found, another method not allowed", async () => {
  const { send, bus } = setUp();
  for (const path of ["/", "/write/", "/write2", "//write", "/WRITE", "/nope?x=/write"]) {
    const answer = await send(path, { method: "POST", body: "a v=1" });
    expect(await failureOf(answer)).toEqual([404, "not found"]);
  }
  for (const method of ["GET", "PUT", "DELETE", "PATCH", "OPTIONS"]) {
    const answer = await send("/write", { method });
    expect(answer.headers.get("Allow")).toBe("POST");
    expect(await failureOf(answer)).toEqual([405, "method not allowed"]);
  }
  expect((await send("/write", { method: "HEAD" })).status).toBe(405);
  const posted = await send("/ping", { method: "POST" });
  expect([posted.status, posted.headers.get("Allow")]).toEqual([405, "GET, HEAD"]);
  expect(bus.texts).toEqual([]);
});

test("every answer tells a version and an id of the request", async () => {
  const { send, post } = setUp();
  const answers = [
    await send("/ping"),
    await send("/ping?verbose=1"),
    await post("/write", "a v=1"),
    await post("/write?precision=x", "a v=1"),
    await send("/nope"),
    await send("/write"),
  ];
  for (const { headers } of answers) {
    expect(headers.get("X-Influxdb-Version")).toBe("1.8.10");
    expect(headers.get("X-Influxdb-Build")).toBe("OSS");
    expect(headers.get("Request-Id")).toMatch(/^[0-9a-f-]{36}$/);
    expect(headers.get("X-Request-Id")).toBe(headers.get("Request-Id"));
  }
});

test("a client's own id of the request comes back, unless it is no plain word", async () => {
  const { send } = setUp();
  const idOf = async (headers: Record<string, string>) =>
    (await send("/ping", { headers })).headers.get("X-Request-Id");
  expect(await idOf({ "X-Request-Id": "one" })).toBe("one");
  expect(await idOf({ "Request-Id": "two" })).toBe("two");
  expect(await idOf({ "X-Request-Id": "three", "Request-Id": "four" })).toBe("three");
  expect(await idOf({ "X-Request-Id": "", "Request-Id": "five" })).toBe("five");
  expect(await idOf({ "X-Request-Id": "x".repeat(129), "Request-Id": "six" })).toBe("six");
  expect(await idOf({ "X-Request-Id": "\xff\xfe" })).toMatch(/^[0-9a-f-]{36}$/);
  expect(await idOf({ "X-Request-Id": "x".repeat(10_000) })).toMatch(/^[0-9a-f-]{36}$/);
});

test("the error is a header too, at most 1,024 plain characters of it", async () => {
  const { post } = setUp();
  const headerOf = async (precision: string) =>
    (await post(`/write?precision=${precision}`, "a v=1")).headers.get("X-InfluxDB-Error");
  expect(await headerOf("x")).toBe('invalid precision "x" (use n, ns, u, us, ?, ms, s, m or h)');
  expect(await headerOf("%0d%0aX-Evil:%201")).toStartWith('invalid precision "??X-Evil: 1"');
  expect((await headerOf("y".repeat(5000)))?.length).toBe(1024);
});

test("a mistake of ours is answered with 500 and told", async () => {
  const { send, errors, intake } = setUp();
  intake.accept = () => {
    throw new Error("BUG: test");
  };
  const answer = await send("/write", { method: "POST", body: "a v=1" });
  expect(await failureOf(answer)).toEqual([500, "internal error"]);
  expect(errors.map((error) => error.message)).toEqual(["BUG: test"]);
});

test("tells what it refuses, by status and reason, whatever the client calls it", async () => {
  const { post, log, logClock } = setUp();
  for (let time = 0; time < 3; time++) {
    await post(`/write?precision=x\u202e${time}`, "a v=1");
    await post("/write", "a v=1", { "Content-Encoding": `br${"!".repeat(200)}` });
    await post("/write", "x".repeat(BODY_MAX_BYTES + 1));
    await post("/write?precision=h", "a v=1 9999999999999\nb v=1\nc v=2 9999999999998\n");
  }
  const encoding = "Content-Encoding that is not gzip";
  const time = "their time does not fit a nanosecond timestamp";
  const size = "the body is too large (max_body_size, nats_max_outbound_size)";
  expect(log.lines.splice(0).filter((line) => !line.startsWith("DEBUG"))).toEqual([
    'WARN refused 1 write request with 400: invalid precision, such as "x\\u202e0"',
    `WARN refused 1 write request with 415: ${encoding}, such as "br${"!".repeat(98)}"`,
    `WARN refused 1 write request with 413: ${size}`,
    `ERROR dropped 2 lines of write requests: ${time}, such as "a v=1 9999999999999"`,
  ]);
  logClock.advance(10_000);
  expect(log.lines).toEqual([
    expect.stringMatching(/^WARN refused 2 more write requests with 400 in 10 s \(3 since .*\): /),
    expect.stringMatching(/^WARN refused 2 more write requests with 415 in 10 s \(3 since .*\): /),
    expect.stringMatching(/^WARN refused 2 more write requests with 413 in 10 s \(3 since .*\): /),
    expect.stringMatching(/^ERROR dropped 4 more lines of write requests in 10 s \(6 since .*\): /),
  ]);
});
