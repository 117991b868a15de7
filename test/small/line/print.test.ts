/** Lines of our own: the form of the 1.x metrics. */
import { expect, test } from "bun:test";

import { printLine } from "../../../src/line/print.ts";
import { scanText } from "./scan-text.ts";

test("prints measurement, tags and fields in the order given, newline-ended, without a timestamp", () => {
  const line = printLine(
    "spout_stat_writer",
    { writer: "w1", db: "x" },
    { received: 2, sent: 1.5 },
  );
  expect(line).toBe("spout_stat_writer,writer=w1,db=x received=2,sent=1.5\n");
});

test("prints a timestamp if there is one", () => {
  expect(printLine("m", {}, { v: 1 }, 1520761485803180202n)).toBe("m v=1 1520761485803180202\n");
  expect(printLine("m", {}, { v: 1 }, 0n)).toBe("m v=1 0\n");
});

test("prints strings in quotes and booleans as t and f", () => {
  expect(printLine("m", {}, { s: 'say "hi"', yes: true, no: false })).toBe(
    'm s="say \\"hi\\"",yes=t,no=f\n',
  );
});

test("escapes names and tag values", () => {
  expect(printLine("a b,c=d", { "k e,y=": "v a,l=" }, { "f d,=": 1 })).toBe(
    "a\\ b\\,c=d,k\\ e\\,y\\==v\\ a\\,l\\= f\\ d\\,\\==1\n",
  );
});

test("leaves out tags without a value, which InfluxDB refuses", () => {
  expect(printLine("m", { a: "", b: "1", c: "" }, { v: 1 })).toBe("m,b=1 v=1\n");
  expect(printLine("m", { a: "" }, { v: 1 })).toBe("m v=1\n");
});

test("prints what our own scanner takes", () => {
  const line = printLine("a b", { "k=": 'q"' }, { "f,": 1, s: 'x "y" 5' }, -5n);
  expect(scanText(line)).toMatchObject({ measurement: "a\\ b", timestamp: "-5" });
});
