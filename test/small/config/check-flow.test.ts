/** Goal: components of one process that miss one another are warned of; those that meet, and what is usual, are not. */
import { describe, expect, test } from "bun:test";

import { load } from "./load-text.ts";

const component = (mode: string, ...lines: readonly string[]) =>
  ["[[component]]", `mode = "${mode}"`, ...lines].join("\n");
const rule = (subject: string) =>
  ["[[component.rule]]", 'type = "basic"', 'match = "cpu"', `subject = "${subject}"`].join("\n");
const subjects = (...names: readonly string[]) => `nats_subject = ${JSON.stringify(names)}`;

/** The file warns of exactly this. */
const warns = (parts: readonly string[], ...warnings: readonly string[]) =>
  expect(load(['mode = "standalone"', ...parts].join("\n")).warnings).toEqual(
    warnings.map((warning) => `spout.toml: ${warning}`),
  );

const unread = (subject: string) =>
  `no component reads "${subject}": what is published there is lost`;
const unfed = (subject: string) =>
  `no component publishes to "${subject}": nothing comes from there`;

describe("a subject that is published to", () => {
  test("is read by a filter or a writer", () => {
    warns([component("listener"), component("writer")]);
    warns([
      component("listener"),
      component("filter", rule("hosts")),
      component("writer", subjects("hosts")),
    ]);
    warns(
      [component("listener", subjects("a")), component("writer", subjects("influx-spout-monitor"))],
      `component "listener-1": nats_subject: ${unread("a")}`,
    );
  });

  test("is read through wildcards too", () => {
    const filter = component("filter", rule("site.hosts"), rule("site.db.slow"));
    warns([component("listener"), filter, component("writer", subjects("site.>"))]);
    warns(
      [component("listener"), filter, component("writer", subjects("site.*"))],
      `component "filter-1": rule[2].subject: ${unread("site.db.slow")}`,
    );
  });

  test("may be the default one of the junkyard or of metrics without a reader", () => {
    const filter = (...lines: readonly string[]) => component("filter", ...lines, rule("a"));
    const writer = component("writer", subjects("a"));
    warns([component("listener"), filter(), writer]);
    warns(
      [component("listener"), filter('nats_subject_junkyard = "junk"'), writer],
      `component "filter-1": nats_subject_junkyard: ${unread("junk")}`,
    );
    warns(
      ['nats_subject_monitor = "mon"', component("listener"), filter(), writer],
      `nats_subject_monitor (for component "listener-1", component "filter-1", component "writer-1"): ${unread("mon")}`,
    );
  });

  test("is told with all its components if it is a default from the top level", () => {
    warns(
      [
        subjects("in"),
        component("listener"),
        component("listener_http"),
        component("writer", subjects("influx-spout-monitor")),
      ],
      `nats_subject (for component "listener-1", component "listener_http-1"): ${unread("in")}`,
    );
  });
});

describe("a subject that is read", () => {
  test("is published to by a listener, a rule, the junkyard or as metrics", () => {
    warns([
      component("listener"),
      component("filter", rule("hosts")),
      component("writer", subjects("hosts", "influx-spout-junk", "influx-spout-monitor")),
    ]);
    warns(
      [
        component("listener", subjects("in")),
        component("filter", subjects("in"), rule("hosts")),
        component("filter", rule("late")),
        component("writer", subjects("hosts", "late", "nets", "db.>")),
      ],
      `component "filter-2": nats_subject: ${unfed("influx-spout")}`,
      `component "writer-1": nats_subject: ${unfed("nets")}`,
      `component "writer-1": nats_subject: ${unfed("db.>")}`,
    );
    // Without a filter there is no junkyard
    warns(
      [component("listener"), component("writer", subjects("influx-spout", "influx-spout-junk"))],
      `component "writer-1": nats_subject: ${unfed("influx-spout-junk")}`,
    );
  });
});

test("on NATS, who else reads and publishes is not known", () => {
  warns(['nats_address = "nats://a"', component("listener"), component("writer", subjects("b"))]);
});

describe("two filters in one queue group", () => {
  const listener = component("listener");
  const writer = component("writer", subjects("a", "b"));
  const shares = (group: string) =>
    `component "filter-2": queue_group: "${group}" shares the lines with component "filter-1", which has other rules: to let each see all lines, give them different queue groups`;

  test("have the same rules", () => {
    const one = component("filter", rule("a"));
    const other = component("filter", rule("b"));
    warns([listener, one, other, writer], shares("filter"));
    warns(['nats_address = "nats://a"', listener, one, other, writer], shares("filter"));
    warns([listener, one, one, component("writer", subjects("a"))]);
  });

  test("share nothing by different groups or subjects", () => {
    const filter = (group: string, subject: string, output: string) =>
      component("filter", `queue_group = "${group}"`, subjects(subject), rule(output));
    warns([listener, filter("x", "influx-spout", "a"), filter("y", "influx-spout", "b"), writer]);
    const second = component("listener", subjects("in.b"), "port = 5");
    warns([listener, second, filter("x", "influx-spout", "a"), filter("x", "in.b", "b"), writer]);
    warns([second, filter("x", "in.b", "a"), filter("x", "in.*", "b"), writer], shares("x"));
    warns([second, filter("x", "in.*", "a"), filter("x", "*.b", "b"), writer], shares("x"));
  });
});

describe("a circle", () => {
  const circle = (names: string) =>
    `${names} read what they publish, in a circle: a line may go round without end, and what ` +
    "is between them when they stop is lost, and nobody counts it";
  const filter = (input: string, output: string) =>
    component("filter", subjects(input), `queue_group = "${input}"`, rule(output));
  const archive = (input: string, suffix: string) =>
    component("downsampler", subjects(input), `downsample_suffix = "${suffix}"`);

  test("of two filters is told once, with both", () => {
    const parts = [component("listener"), filter("influx-spout", "a"), filter("a", "influx-spout")];
    const warning = `component "filter-1": nats_subject: ${circle('"filter-1" and "filter-2"')}`;
    warns(parts, warning);
    // Over NATS as well.
    warns(['nats_address = "nats://localhost:4222"', ...parts], warning);
  });

  test("may go by way of others, and have others that lead to it or from it", () => {
    warns(
      [
        component("listener"),
        filter("influx-spout", "a"),
        filter("a", "b"),
        archive("b", "-x"),
        filter("b-x", "a"),
        component("writer", subjects("a")),
      ],
      `component "filter-2": nats_subject: ${circle('"filter-2" and "downsampler-1" and "filter-3"')}`,
    );
  });

  test("is none where lines only come together again", () => {
    warns([
      component("listener"),
      component("filter", rule("a"), rule("b")),
      filter("a", "c"),
      filter("b", "c"),
      component("writer", subjects("c")),
    ]);
  });
});
