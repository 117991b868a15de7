/** Goal: what a client sent, and gets back, is text in JSON and in a header: it adds nothing to either, nor to a terminal. */
import { expect, test } from "bun:test";

import { failure } from "../../../src/listener/http-answers.ts";

const REQUEST = new Request("http://localhost/write");

test("the answer says exactly what it is about, in characters that do nothing", async () => {
  const text =
    'invalid "\u001b[31m\u009b2J\u202e\u2028\r\nX-Injected: yes","error":"other" é 温\u{e0041}\u007f';
  const answer = failure(REQUEST, 400, text);
  const body = await answer.text();
  expect(JSON.parse(body)).toEqual({ error: text });
  expect(body).not.toMatch(/\p{Cc}|\p{Cf}|\p{Zl}/u);
  expect(answer.headers.get("X-Injected")).toBe(null);
  expect(answer.headers.get("X-InfluxDB-Error")).toMatch(/^[\x20-\x7e]+$/);
});
