/**
 * The shapes that lines are measured in. Goal: each message has the bytes and lines that it is compared by, and its lines become
 * what is promised. Method: every shape at every size that it is sent in, walked over and scanned as a filter does.
 */
import { describe, expect, test } from "bun:test";

import { Lines, NO_MORE_LINES } from "../../../src/line/lines.ts";
import { LINE_COMMENT, LINE_OK } from "../../../src/line/scan.ts";
import { countLines } from "../../../src/line/split.ts";
import { timestampInWindow, timeWindow } from "../../../src/line/timestamp.ts";
import { requestPieces } from "../../bench/shape-http.ts";
import { CONTENTS, ENDINGS, PLAIN, type Size, TRANSPORTS } from "../../bench/shape-messages.ts";

const SIZES: readonly Size[] = [
  { lines: 1, bytes: 20 },
  { lines: 1, bytes: 100 },
  { lines: 1, bytes: 1000 },
  { lines: 1, bytes: 60_000 },
  { lines: 10, bytes: 100 },
  { lines: 10, bytes: 400 },
  { lines: 600, bytes: 100 },
];

const window = timeWindow(Date.now(), 600_000_000_000n);

/** What becomes of each of the payload's lines in a filter. */
function outcomes(payload: Uint8Array): string[] {
  const found: string[] = [];
  const lines = new Lines();
  lines.open(payload);
  for (let code = lines.next(); code !== NO_MORE_LINES; code = lines.next()) {
    if (code === LINE_COMMENT) found.push("comment_lines");
    else if (code !== LINE_OK) found.push("invalid_lines");
    else if (!timestampInWindow(lines.offsets, window)) found.push("invalid-time");
    else found.push("passed");
  }
  return found;
}

const inNanoseconds = TRANSPORTS.filter(({ transport }) => transport.precision === "ns");

describe.each([PLAIN, ...ENDINGS, ...CONTENTS, ...inNanoseconds])("$name", (shape) => {
  const sizes = SIZES.filter(
    ({ lines, bytes }) => bytes >= shape.bytesMin && lines >= shape.linesMin,
  );

  test.each(sizes)(
    "$lines lines of $bytes bytes are so many, and become what they are to",
    (size) => {
      const payload = Buffer.from(shape.text(size));
      expect(payload).toHaveLength(size.lines * size.bytes);
      expect(countLines(payload)).toBe(size.lines);
      expect(outcomes(payload)).toEqual(Array(size.lines).fill(shape.becomes));
    },
  );
});

test("lines end as their shape says", () => {
  const endings = ENDINGS.map((shape) => shape.text({ lines: 2, bytes: 20 }).match(/[\r\n]+/g));
  expect(endings).toEqual([["\n"], ["\r\n", "\r\n"], ["\n", "\r"]]);
});

test.each(TRANSPORTS)("$name: the request holds the whole body", ({ transport }) => {
  const body = Buffer.from(PLAIN.text({ lines: 10, bytes: 100 }));
  const pieces = requestPieces(body, transport);
  expect(pieces.length > 1).toBe(transport.pieceBytes > 0);
  const request = Buffer.concat(pieces);
  const headEnd = request.indexOf("\r\n\r\n") + 4;
  const head = request.toString("latin1", 0, headEnd);
  const content = transport.isChunked
    ? joinChunks(request.subarray(headEnd))
    : request.subarray(headEnd);
  expect(head.includes("Transfer-Encoding: chunked")).toBe(transport.isChunked);
  expect(head.includes(`Content-Length: ${content.length}\r\n`)).toBe(!transport.isChunked);
  expect(head.includes("Content-Encoding: gzip")).toBe(transport.isGzip);
  const inflated = transport.isGzip
    ? Buffer.from(Bun.gunzipSync(new Uint8Array(content)))
    : content;
  expect(inflated.equals(body)).toBe(true);
});

function joinChunks(chunked: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; ;) {
    const sizeEnd = chunked.indexOf("\r\n", at);
    const size = Number.parseInt(chunked.toString("latin1", at, sizeEnd), 16);
    if (size === 0) return Buffer.concat(parts);
    parts.push(chunked.subarray(sizeEnd + 2, sizeEnd + 2 + size));
    at = sizeEnd + 2 + size + 2;
  }
}
