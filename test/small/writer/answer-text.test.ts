/**
 * Goal: whatever a server says of its answer, no more of it is read or inflated than the bound, and its words are found.
 * Method: answers as `fetch` gives them if it is told to leave them as they came.
 */
import { describe, expect, test } from "bun:test";
import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";

import { readAnswerText } from "../../../src/writer/answer-text.ts";

const BOUND = 64 * 1024;
const WORDS = '{"error":"partial write: ü dropped=3"}';

function answer(body: Uint8Array<ArrayBuffer> | string, encoding?: string): Response {
  return new Response(body, {
    status: 400,
    headers: encoding === undefined ? {} : { "Content-Encoding": encoding },
  });
}

describe("an answer", () => {
  test("is its text, whether it says that it is plain or says nothing", async () => {
    expect(await readAnswerText(answer(WORDS))).toBe(WORDS);
    expect(await readAnswerText(answer(WORDS, "identity"))).toBe(WORDS);
    expect(await readAnswerText(new Response(null))).toBe("");
    expect(await readAnswerText(answer(""))).toBe("");
  });

  test("that is compressed as its header says is inflated", async () => {
    expect(await readAnswerText(answer(gzipSync(WORDS), "gzip"))).toBe(WORDS);
    expect(await readAnswerText(answer(gzipSync(WORDS), "x-gzip"))).toBe(WORDS);
    expect(await readAnswerText(answer(deflateSync(WORDS), "deflate"))).toBe(WORDS);
  });

  test("with an untrue header is its text, if it is one", async () => {
    for (const encoding of ["gzip", "deflate", "br", "zstd", "gzip, gzip", "nonsense"]) {
      expect(await readAnswerText(answer(WORDS, encoding))).toBe(WORDS);
    }
    // The bound goes through a character.
    const long = `x${"ü".repeat(BOUND)}`;
    expect(await readAnswerText(answer(long, "gzip"))).toBe(`x${"ü".repeat(BOUND / 2 - 1)}`);
  });

  test("that is neither what it says nor text has no words", async () => {
    expect(await readAnswerText(answer(brotliCompressSync(WORDS.repeat(20)), "br"))).toBe("");
    expect(await readAnswerText(answer(Uint8Array.of(0x1f, 0x8b, 0xff, 0xfe), "gzip"))).toBe("");
  });

  test("that breaks off leaves the words before the break", async () => {
    const whole = gzipSync(Buffer.from(`${WORDS}\n`.repeat(5000)), { level: 0 });
    const words = await readAnswerText(answer(whole.subarray(0, 40_000), "gzip"));
    expect(words).toStartWith(`${WORDS}\n${WORDS}\n`);
    expect(words.length).toBeLessThan(40_000);
  });
});

describe("the bound", () => {
  test("is one of what is inflated, and of what is read", async () => {
    const bomb = gzipSync(Buffer.alloc(64 * 1024 ** 2, "x"));
    expect(await readAnswerText(answer(bomb, "gzip"))).toBe("x".repeat(BOUND));
    expect(await readAnswerText(answer("x".repeat(BOUND + 1)))).toBe("x".repeat(BOUND));
  });

  test("ends the reading", async () => {
    let sentBytes = 0;
    let isCancelled = false;
    const endless = new ReadableStream({
      pull(controller) {
        sentBytes += 1024;
        controller.enqueue(new Uint8Array(1024).fill(0x78));
      },
      cancel: () => void (isCancelled = true),
    });
    await readAnswerText(new Response(endless));
    expect(sentBytes).toBeLessThan(BOUND + 16 * 1024);
    expect(isCancelled).toBe(true);
  });
});
