/** Tags in a whole filter, threads and all, against a real nats-server: rules on them, and the order that they leave in. */
import { expect, test } from "bun:test";

import type { RuleDeclaration } from "../../../src/rules/rule.ts";
import { eventually } from "../../support/eventually.ts";
import { startNatsServer } from "../../support/nats-server.ts";
import { basic, filterConfigAt, startTestClient, startTestFilter } from "./harness.ts";

const RULES: readonly RuleDeclaration[] = [
  {
    type: "tags",
    tags: [
      ["dc", "a b"],
      ["host", "web"],
    ],
    subject: "out.shared",
  },
  { type: "regex", match: "^hello,a=1,b=2 ", subject: "out.regex" },
  { type: "tags", tags: [["dc", "c"]], subject: "out.shared" },
  basic("hello", "out.basic"),
];

const LINES = [
  "hello,host=web,dc=a\\ b x=1\n",
  "hello,host=db,dc=a\\ b x=2\n",
  "hello,b=2,a=1 x=3\n",
  "bye,host=web,dc=c x=4\n",
  "bye,host=web,dc=d x=5\n",
];

test("rules on tags work in threads, those that share a subject are counted apart, and lines pass untouched", async () => {
  await using nats = await startNatsServer();
  await using client = await startTestClient(nats.address);
  await using _filter = await startTestFilter(filterConfigAt(nats.address, { rules: RULES }));
  await client.publish("in", LINES.join(""));
  const triggered = (tags: string) =>
    client.metric(`spout_stat_filter_rule,filter=sorter,${tags},host`, "triggered");
  await eventually("all is counted", () => triggered("rule=out.basic") === 2);

  expect(client.texts("out.shared")).toEqual([`${LINES[0]}${LINES[3]}`]);
  expect(client.texts("out.basic")).toEqual([`${LINES[1]}${LINES[2]}`]);
  expect(client.texts("junk")).toEqual([LINES[4]] as string[]);
  expect(triggered("rule=out.shared,index=1")).toBe(1);
  expect(triggered("rule=out.shared,index=3")).toBe(1);
});

test("with sort_tags, lines leave with their tags in order, and expressions see that order", async () => {
  await using nats = await startNatsServer();
  await using client = await startTestClient(nats.address);
  await using _filter = await startTestFilter(
    filterConfigAt(nats.address, { rules: RULES, sortTags: true }),
  );
  await client.publish("in", LINES.join(""));
  await eventually("all is out", () => client.texts("junk").length === 1);

  expect(client.texts("out.shared").join("")).toBe(
    "hello,dc=a\\ b,host=web x=1\n" + "bye,dc=c,host=web x=4\n",
  );
  expect(client.texts("out.regex")).toEqual(["hello,a=1,b=2 x=3\n"]);
  expect(client.texts("out.basic")).toEqual(["hello,dc=a\\ b,host=db x=2\n"]);
  expect(client.texts("junk")).toEqual(["bye,dc=d,host=web x=5\n"]);
});
