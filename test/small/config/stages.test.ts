/** Goal: of any two components of a process, the one that publishes for the other stops before it. */
import { describe, expect, test } from "bun:test";

import { stagesOf } from "../../../src/config/stages.ts";
import { load } from "./load-text.ts";

const component = (name: string, mode: string, ...lines: readonly string[]) =>
  ["[[component]]", `mode = "${mode}"`, `name = "${name}"`, ...lines].join("\n");
const rule = (subject: string) =>
  ["[[component.rule]]", 'type = "basic"', 'match = "cpu"', `subject = "${subject}"`].join("\n");
const reads = (...names: readonly string[]) => `nats_subject = ${JSON.stringify(names)}`;

const udp = component("udp", "listener", "port = 1");
const http = component("http", "listener_http", "port = 2");
const filter = (name: string, input: string, ...outputs: readonly string[]) =>
  component(name, "filter", reads(input), ...outputs.map(rule));
const archive = (name: string, input: string, suffix = "-archive") =>
  component(name, "downsampler", reads(input), `downsample_suffix = "${suffix}"`);
const writer = (name: string, ...subjects: readonly string[]) =>
  component(name, "writer", reads(...subjects));
const monitor = component("monitor", "monitor");

function stages(...parts: readonly string[]) {
  const { config } = load(['mode = "standalone"', ...parts].join("\n"));
  if (config.mode !== "standalone") throw new Error("no standalone process");
  return stagesOf(config.components);
}

/** Names by stage, in the order of stopping. */
const stops = (...parts: readonly string[]) =>
  stages(...parts)
    .map(({ members }) => members.map(({ name }) => name).join(" "))
    .reverse();

describe("components stop", () => {
  test("behind who publishes for them: listeners, filters, downsamplers, writers", () => {
    const site = [
      writer("to-hosts", "hosts", "hosts-archive"),
      archive("hourly", "hosts"),
      filter("sorter", "influx-spout", "hosts"),
      http,
      udp,
    ];
    expect(stops(...site)).toEqual(["http udp", "sorter", "hourly", "to-hosts"]);
    // The order of the file does not matter.
    expect(stops(...site.toReversed())).toEqual(["udp http", "sorter", "hourly", "to-hosts"]);
  });

  test("in the order of their chain: filter to filter, downsampler to downsampler, and back to a filter", () => {
    expect(
      stops(
        udp,
        filter("third", "b-1-2", "c"),
        archive("second", "b-1", "-2"),
        archive("first", "b", "-1"),
        filter("before", "influx-spout", "b"),
        filter("fourth", "c", "d"),
        writer("last", "d"),
      ),
    ).toEqual(["udp", "before", "first", "second", "third", "fourth", "last"]);
  });

  test("behind those that reach them by a pattern, or by the junkyard", () => {
    expect(
      stops(
        udp,
        writer("all", "site.>"),
        component(
          "junk",
          "filter",
          reads("influx-spout-junk"),
          'nats_subject_junkyard = "rest"',
          rule("site.junk"),
        ),
        filter("sorter", "influx-spout", "site.hosts"),
      ),
    ).toEqual(["udp", "sorter", "junk", "all"]);
  });

  test("at once with others where neither hands anything to the other", () => {
    expect(
      stops(
        udp,
        http,
        filter("sorter", "influx-spout", "a", "b"),
        writer("to-a", "a"),
        writer("to-b", "b"),
      ),
    ).toEqual(["udp http", "sorter", "to-a to-b"]);
  });

  test("listeners first, also those with a short way", () => {
    const direct = component("direct", "listener", "port = 3", reads("a"));
    expect(
      stops(
        direct,
        udp,
        filter("one", "influx-spout", "b"),
        filter("two", "b", "a"),
        writer("w", "a"),
      ),
    ).toEqual(["direct udp", "one", "two", "w"]);
  });

  test("those that take the metrics last, of them the writer behind the monitor, as before", () => {
    expect(
      stops(
        writer("metrics", "influx-spout-monitor"),
        monitor,
        udp,
        filter("sorter", "influx-spout", "a"),
        writer("to-a", "a"),
      ),
    ).toEqual(["udp", "sorter", "to-a", "monitor", "metrics"]);
  });

  test("with the chain that the metrics take behind everything else", () => {
    expect(
      stops(
        filter("of-metrics", "influx-spout-monitor", "m"),
        writer("of-a", "a"),
        writer("metrics", "m", "m-archive"),
        archive("of-m", "m"),
        filter("sorter", "influx-spout", "a"),
        udp,
      ),
    ).toEqual(["udp", "sorter", "of-a", "of-metrics", "of-m", "metrics"]);
  });

  test("in an order, too, where all of them read metrics", () => {
    expect(
      stops(
        udp,
        writer("one", "influx-spout", "influx-spout-monitor"),
        writer("two", ">"),
        monitor,
      ),
    ).toEqual(["udp", "monitor", "two", "one"]);
  });
});

test("the time to stop is for those that move lines: those that read metrics alone get a twentieth of a share", () => {
  const weights = stages(
    writer("metrics", "influx-spout-monitor"),
    monitor,
    udp,
    writer("all", "influx-spout", "influx-spout-monitor"),
  ).map(({ members, stopWeight }) => [members.map(({ name }) => name).join(" "), stopWeight]);
  expect(weights).toEqual([
    ["metrics", 0.05],
    ["all", 1],
    ["monitor", 0.05],
    ["udp", 1],
  ]);
});

test("who is in a circle stops together, behind what leads there and before what it leads to", () => {
  const found = stages(
    udp,
    filter("into", "influx-spout", "a"),
    filter("round", "a", "b"),
    archive("and-round", "b", "-x"),
    filter("again", "b-x", "a"),
    filter("beside", "influx-spout", "z"),
    writer("out", "b"),
  );
  expect(
    found.map(({ members, isCircle }) => [members.map(({ name }) => name).join(" "), isCircle]),
  ).toEqual([
    ["beside out", false],
    ["round and-round again", true],
    ["into", false],
    ["udp", false],
  ]);
});
