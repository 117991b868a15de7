/** The ports on which a component answers about itself: none of them may be taken already. */
import { expect, test } from "bun:test";

import { problemsOf } from "./load-text.ts";

const taken = (name: string, whose: string, port: number) =>
  `spout.toml: ${name}: expected another port than the one of the ${whose}, got ${port}, which is that port`;

test.each(["probe_port", "pprof_port"])(
  "%s is not the port that the component binds by TCP",
  (name) => {
    expect(problemsOf(`mode = "monitor"\n${name} = 9331`)).toEqual([
      taken(name, "component", 9331),
    ]);
    expect(problemsOf(`mode = "listener_http"\nport = 5\n${name} = 5`)).toEqual([
      taken(name, "component", 5),
    ]);
    expect(problemsOf(`mode = "listener"\nport = 5\n${name} = 5`)).toEqual([]);
  },
);

test("profiles are not where the probes are", () => {
  expect(problemsOf('mode = "filter"\nprobe_port = 5\npprof_port = 5')).toEqual([
    taken("pprof_port", "probes", 5),
  ]);
  expect(problemsOf('mode = "filter"\nprobe_port = 0\npprof_port = 0')).toEqual([]);
});
