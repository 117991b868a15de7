/** Goal: one file gives any number of components, each as its own file would, and every problem names its component. */
import { describe, expect, test } from "bun:test";

import type { ComponentConfig, StandaloneConfig } from "../../../src/config/config.ts";
import { load, loadComponent, problemsOf, type TextOptions } from "./load-text.ts";

const component = (mode: string, ...lines: readonly string[]) =>
  ["[[component]]", `mode = "${mode}"`, ...lines].join("\n");
const file = (...parts: readonly string[]) => ['mode = "standalone"', ...parts].join("\n");
const rule = (subject: string) =>
  ["[[component.rule]]", 'type = "basic"', 'match = "cpu"', `subject = "${subject}"`].join("\n");

/** One of each mode, which fit together. */
const PIPELINE = file(
  component("listener"),
  component("listener_http"),
  component("filter", rule("hosts")),
  component("writer", 'nats_subject = ["hosts"]'),
);

function loadStandalone(text: string, options: TextOptions = {}): StandaloneConfig {
  const { config } = load(text, options);
  if (config.mode !== "standalone") throw new Error(`standalone expected, not ${config.mode}`);
  return config;
}

const componentsOf = (text: string, options: TextOptions = {}) =>
  loadStandalone(text, options).components;
const namesOf = (text: string) => componentsOf(text).map(({ name }) => name);

const refuses = (text: string, ...problems: readonly string[]) =>
  expect(problemsOf(text)).toEqual(problems.map((problem) => `spout.toml: ${problem}`));

const MODES = '"listener", "listener_http", "filter", "downsampler", "writer", "monitor"';

describe("the components", () => {
  test("come in the order of the file, in a process of their own name", () => {
    const { components, ...ofProcess } = loadStandalone(`name = "edge"\n${PIPELINE}`);
    expect(ofProcess).toEqual({
      mode: "standalone",
      name: "edge",
      debug: false,
      stopTimeoutMs: 10_000,
      probePort: 0,
      pprofPort: 0,
      inproc: true,
    });
    expect(components.map(({ mode }) => mode)).toEqual([
      "listener",
      "listener_http",
      "filter",
      "writer",
    ]);
    expect(loadStandalone(PIPELINE, { fileName: "site.toml" }).name).toBe("site");
    expect(loadStandalone(PIPELINE, { fileName: ".toml" }).name).toBe("standalone");
  });

  test("are what each would be in a file of its own, but for the bus", () => {
    const texts = [
      'mode = "listener"\nname = "a"\nport = 5',
      'mode = "filter"\nname = "b"\nworkers = 2\nmax_time_delta_secs = 5',
      'mode = "writer"\nname = "c"\nbatch = 7\nwrite_timeout = "3s"',
    ];
    const text = file(...texts.map((own) => `[[component]]\n${own}`));
    const inproc = { servers: ["inproc://"] };
    expect(componentsOf(text)).toEqual(
      texts.map((own): ComponentConfig => {
        const alone = loadComponent(own);
        return { ...alone, nats: { ...alone.nats, ...inproc } };
      }),
    );
  });

  test("have rules of their own", () => {
    const text = file(
      component("filter", rule("a"), rule("b")),
      component("writer", '[[component.rule]]\ntype = "regex"\nmatch = "x"'),
      component("writer"),
    );
    expect(componentsOf(text)).toMatchObject([
      { rules: [{ subject: "a" }, { subject: "b" }] },
      { rules: [{ type: "regex", match: "x", subject: "" }] },
      { rules: [] },
    ]);
  });
});

describe("names", () => {
  test("are the mode and a number, counted by mode, with those that have a name", () => {
    const modes = ["writer", "listener_http", "writer", "listener", "filter", "writer"];
    expect(namesOf(file(...modes.map((mode) => component(mode))))).toEqual([
      "writer-1",
      "listener_http-1",
      "writer-2",
      "listener-1",
      "filter-1",
      "writer-3",
    ]);
    const named = file(component("writer", 'NAME = "junk"'), component("writer", 'name = ""'));
    expect(namesOf(named)).toEqual(["junk", "writer-2"]);
  });

  test("do not come from the top level, whose name is the process's", () => {
    expect(namesOf(`name = "edge"\n${file(component("writer"))}`)).toEqual(["writer-1"]);
  });

  test("are unique, those that are not written included", () => {
    const unique = "name: expected a name that no other component has";
    refuses(
      file(component("writer", 'name = "a"'), component("filter", 'name = "a"')),
      `component[2]: ${unique}, got "a", which component[1] has too`,
    );
    refuses(
      file(component("writer", 'name = "writer-2"'), component("writer")),
      `component[2]: ${unique}, got "writer-2", which component[1] has too`,
    );
    expect(namesOf(`name = "a"\n${file(component("writer", 'name = "a"'))}`)).toEqual(["a"]);
  });
});

describe("the top level", () => {
  test("holds the defaults of all components", () => {
    const text = file(
      'nats_subject_monitor = "mon"\nbatch = 50\nstats_interval = "1s"\ninfluxdb_dbname = "db"',
      component("listener"),
      component("writer", 'influxdb_dbname = "own"'),
      component("writer", "batch_max_count = 9"),
    );
    const common = { monitorSubject: "mon", statsIntervalMs: 1000 };
    expect(componentsOf(text)).toMatchObject([
      { ...common, batch: { countMax: 50 } },
      { ...common, batch: { countMax: 50 }, output: { database: "own" } },
      { ...common, batch: { countMax: 9 }, output: { database: "db" } },
    ]);
  });

  test("comes from the common file where the specific one is silent", () => {
    const common = 'mode = "standalone"\nbatch = 50\nstats_interval = "9s"';
    const text = `stats_interval = "1s"\n${component("writer")}\n${component("writer", "batch = 5")}`;
    expect(componentsOf(text, { common })).toMatchObject([
      { batch: { countMax: 50 }, statsIntervalMs: 1000 },
      { batch: { countMax: 5 }, statsIntervalMs: 1000 },
    ]);
  });

  test("tells of the process when to stop and whether to log more, and its components likewise", () => {
    const text = file('stop_timeout = "3s"\ndebug = true', component("writer"));
    const both = { stopTimeoutMs: 3000, debug: true };
    expect(loadStandalone(text)).toMatchObject({ ...both, components: [both] });
    const own = file(component("writer", 'stop_timeout = "3s"\ndebug = true'));
    expect(loadStandalone(own)).toMatchObject({
      stopTimeoutMs: 10_000,
      debug: false,
      components: [both],
    });
  });

  test("holds no rules: those of a filter and those of a writer are different things", () => {
    const rules = '[[rule]]\ntype = "basic"\nmatch = "cpu"\nsubject = "hosts"';
    const problem =
      "rule: expected [[component.rule]] below the component whose rules they are, got [[rule]] at the top level";
    refuses(file(component("filter"), rules), problem);
    expect(problemsOf(PIPELINE, { common: rules })).toEqual([`common.toml: ${problem}`]);
  });
});

describe("the list of components", () => {
  test("is the specific file's, or the common one's as a whole", () => {
    const common = file(component("writer"), component("writer"));
    expect(componentsOf("", { common })).toHaveLength(2);
    expect(componentsOf(component("filter"), { common })).toMatchObject([{ mode: "filter" }]);
  });

  test("has one at least", () => {
    const none = "component: expected at least one [[component]] table with a mode in it, got none";
    refuses(file(), none);
    refuses(file("component = []"), none);
    expect(problemsOf("component = []", { common: PIPELINE })).toEqual([`spout.toml: ${none}`]);
  });

  test("is one of tables, each written with two brackets", () => {
    const expected = "component: expected [[component]] tables";
    refuses(file('[component]\nmode = "writer"'), `${expected}, got a table`);
    refuses(file('component = ["writer"]'), `${expected}, got a list`);
    expect(problemsOf("component = 1", { common: PIPELINE })).toEqual([
      `spout.toml: ${expected}, got 1`,
    ]);
  });

  test("belongs into no other mode, nor into another component", () => {
    const expected =
      'component: expected mode = "standalone" at the top of a file with [[component]] tables';
    refuses(`mode = "filter"\n${component("writer")}`, `${expected}, got them in mode "filter"`);
    expect(problemsOf('mode = "writer"', { common: component("listener") })).toEqual([
      `common.toml: ${expected}, got them in mode "writer"`,
    ]);
    refuses(
      file(component("writer", '[[component.component]]\nmode = "filter"')),
      `component "writer-1": ${expected}, got them in mode "writer"`,
    );
  });
});

describe("the bus", () => {
  const natsOf = (text: string, options: TextOptions = {}) =>
    loadStandalone(text, options).components.map(({ nats }) => nats);

  test("is the process's own, by default and by its address", () => {
    expect(loadStandalone(PIPELINE).inproc).toBe(true);
    const text = `nats_address = "inproc://"\n${PIPELINE}`;
    expect(loadStandalone(text).inproc).toBe(true);
    const common = 'nats_address = "nats://a"';
    expect(loadStandalone(text, { common }).inproc).toBe(true);
  });

  test("is NATS by one line, also of the common file, with nothing else changed", () => {
    const { components } = loadStandalone(PIPELINE);
    const onNats = loadStandalone(`nats_address = "tls://a:1,b"\n${PIPELINE}`);
    expect(onNats.inproc).toBe(false);
    const nats = { servers: ["a:1", "b:4222"], tls: true };
    expect(onNats.components).toEqual(
      components.map((own) => ({ ...own, nats: { ...own.nats, ...nats } })),
    );
    const common = 'nats_address = "tls://a:1,b"';
    expect(loadStandalone(PIPELINE, { common })).toEqual(onNats);
  });

  test("may be reached with another login by each component", () => {
    const files = { files: { pass: "hush" } };
    const login = 'nats_user = "me"\nnats_pass_file = "FOLDER/pass"';
    const text = file('nats_address = "nats://a"', component("writer", login), component("writer"));
    expect(natsOf(text, files)).toMatchObject([
      { servers: ["a:4222"], user: "me", password: "hush" },
      { servers: ["a:4222"], user: "", password: "" },
    ]);
  });

  test("needs no login where it is the process's own", () => {
    const login = 'nats_user = "me"\nnats_creds = "/nowhere/creds"';
    expect(natsOf(file(login, component("writer")))).toMatchObject([{ user: "", credsFile: "" }]);
  });

  test("is the same for all components", () => {
    const expected = "like the whole process's at the top level";
    refuses(
      file(component("listener", 'nats_address = "nats://a"'), component("writer")),
      `component "listener-1": nats_address: expected inproc:// ${expected}, got NATS`,
    );
    refuses(
      file('nats_address = "nats://a"', component("writer", 'nats_address = "inproc://"')),
      `component "writer-1": nats_address: expected NATS ${expected}, got inproc://`,
    );
  });

  test("is told once if its address is not even text", () => {
    const problem = "nats_address: expected a string, got 5";
    refuses(file("nats_address = 5", component("listener"), component("writer")), problem);
    refuses(
      file(component("listener", "nats_address = 5"), component("writer")),
      `component "listener-1": ${problem}`,
    );
  });

  test("has no more than inproc:// in its address", () => {
    const problem =
      'nats_address (for component "listener-1", component "writer-1"): expected inproc:// and nothing behind it, got more';
    for (const address of ["inproc://me:hush@a", "inproc:", "inproc://,nats://a"]) {
      refuses(
        file(`nats_address = "${address}"`, component("listener"), component("writer")),
        problem,
      );
    }
  });
});

describe("problems", () => {
  test("are told all at once, each with its component", () => {
    const text = file(
      'debug = "x"',
      component("listener", 'port = "x"'),
      component("listener", "prot = 5"),
      component("writer", "influxdb_port = 0", "workers = -1"),
      component("filter", 'name = "sorter"', '[[component.rule]]\ntype = "basic"\nmatch = "a"'),
    );
    refuses(
      text,
      'debug: expected true or false, got "x"',
      'component "listener-1": port: expected an integer, got "x"',
      'component "listener-2": prot: expected the name of an option, got an unknown one; the nearest is port',
      'component "writer-1": workers: expected an integer from 0 to 256, got -1',
      'component "writer-1": influxdb_port: expected an integer from 1 to 65535, got 0',
      'component "sorter": rule[1].subject: expected a NATS subject without wildcards, got nothing',
      // Both have the default, as the first one's value could not be read
      'component "listener-2": port: expected a UDP port of its own, got 10001, which component "listener-1" has too',
    );
  });

  test("with a default from the top level are told once, with the components that have it", () => {
    refuses(
      file(
        'nats_subject = ["a.*"]',
        component("listener"),
        component("writer"),
        component("listener_http"),
      ),
      'nats_subject (for component "listener-1", component "listener_http-1"): expected NATS subjects without wildcards, got "a.*", which holds the wildcard "*"',
    );
    expect(
      problemsOf(file(component("listener"), component("writer"), component("writer")), {
        common: "influxdb_port = 0",
      }),
    ).toEqual([
      'common.toml: influxdb_port (for component "writer-1", component "writer-2"): expected an integer from 1 to 65535, got 0',
    ]);
    // What the process has itself, it has a problem with itself
    refuses(
      file('stop_timeout = "0s"', component("writer"), component("filter")),
      'stop_timeout: expected a duration above 0, got "0s"',
    );
  });

  test("of the environment are told once", () => {
    const env = { INFLUXDB_USER: "me" };
    expect(problemsOf(file(component("writer"), component("writer")), { env })).toEqual([
      "environment: $INFLUXDB_USER: expected $INFLUXDB_PASS beside it, got $INFLUXDB_USER alone",
    ]);
  });

  test("with a mode are told by the component's place if it has no name", () => {
    const expected = `mode: expected one of ${MODES}`;
    refuses(
      file(
        component("relay"),
        "[[component]]\nbatch = 0",
        component("standalone", 'name = "inner"'),
        "[[component]]\nmode = 5",
      ),
      `component[1]: ${expected}, got "relay"`,
      `component[2]: ${expected}, got nothing: mode not specified in config`,
      `component "inner": ${expected}, got "standalone"`,
      "component[4]: mode: expected a string, got 5",
    );
  });
});

describe("what only one can have", () => {
  const port = (protocol: string, number: number, other: string) =>
    `expected a ${protocol} port of its own, got ${number}, which component "${other}" has too`;

  test("is a port, by protocol", () => {
    refuses(
      file(component("listener"), component("listener", 'name = "b"', "port = 10001")),
      `component "b": port: ${port("UDP", 10_001, "listener-1")}`,
    );
    refuses(
      file(component("listener_http"), component("listener_http")),
      `component "listener_http-2": port: ${port("TCP", 13_337, "listener_http-1")}`,
    );
    const both = file("port = 5", component("listener"), component("listener_http"));
    expect(componentsOf(both)).toMatchObject([{ port: 5 }, { port: 5 }]);
    refuses(
      `${both}\n${component("listener")}`,
      `port (for component "listener-2"): ${port("UDP", 5, "listener-1")}`,
    );
  });

  test("is a port for probes, which the process has one of as well and hands to nobody", () => {
    const both = file("probe_port = 7", component("filter"), component("writer", "probe_port = 8"));
    expect(loadStandalone(both)).toMatchObject({
      probePort: 7,
      components: [{ probePort: 0 }, { probePort: 8 }],
    });
    refuses(
      file("probe_port = 7", component("writer", "probe_port = 7")),
      'component "writer-1": probe_port: expected a TCP port of its own, got 7, which the process has too',
    );
    refuses(
      file(component("monitor"), component("writer", "probe_port = 9331")),
      `component "writer-1": probe_port: ${port("TCP", 9331, "monitor-1")}`,
    );
    refuses(
      file(component("monitor", "probe_port = 9331")),
      'component "monitor-1": probe_port: expected another port than the one of the component, got 9331, which is that port',
    );
    const udp = file(component("listener", "probe_port = 10001"));
    expect(componentsOf(udp)).toMatchObject([{ port: 10_001, probePort: 10_001 }]);
  });

  test("is a port for profiles, which only the process has, apart from all others", () => {
    expect(loadStandalone(file("pprof_port = 7", component("filter")))).toMatchObject({
      pprofPort: 7,
      components: [{ pprofPort: 0 }],
    });
    refuses(
      file("probe_port = 7", "pprof_port = 7", component("filter")),
      "pprof_port: expected another port than the one of the probes, got 7, which is that port",
    );
    refuses(
      file("pprof_port = 7", component("writer", "probe_port = 7")),
      'component "writer-1": probe_port: expected a TCP port of its own, got 7, which the process has too',
    );
    refuses(
      file("pprof_port = 9331", component("monitor")),
      'component "monitor-1": port: expected a TCP port of its own, got 9331, which the process has too',
    );
    const udp = file("pprof_port = 10001", component("listener"));
    expect(loadStandalone(udp)).toMatchObject({
      pprofPort: 10_001,
      components: [{ port: 10_001 }],
    });
  });

  test("is being profiled: a component has no port for that", () => {
    const problem = (name: string, port: number) =>
      `component "${name}": pprof_port: expected it at the top level: a process is profiled as a whole, got ${port} for this component`;
    refuses(
      file(component("filter", "pprof_port = 8"), component("writer", "pprof_port = 8")),
      problem("filter-1", 8),
      problem("writer-1", 8),
    );
    expect(componentsOf(file(component("writer", "pprof_port = 0")))).toMatchObject([
      { pprofPort: 0 },
    ]);
  });

  test("is a file that is written to", () => {
    const inFile = (path: string) => `output = "file"\nfile_path = "${path}"`;
    const writer = (subject: string) => component("writer", `nats_subject = ["${subject}"]`);
    const problem = (path: string) =>
      `file_path (for component "writer-2"): expected a file of its own, got "${path}", which component "writer-1" has too`;
    refuses(file(inFile("all.lp"), writer("a"), writer("b")), problem("all.lp"));
    const long = "x".repeat(200);
    expect(problemsOf(file(inFile(`${long}/{subject}`), writer("a"), writer("b")))).toEqual([]);
    expect(problemsOf(file(inFile(""), writer("a"), writer("b")))).toHaveLength(1);
    refuses(file(inFile("d/{subject}.lp"), writer("a"), writer("a")), problem("d/a.lp"));
    expect(problemsOf(file(inFile("d/{subject}.lp"), writer("a"), writer("b")))).toEqual([]);
    expect(problemsOf(file('output = "stdout"', writer("a"), writer("a")))).toEqual([]);
  });
});
