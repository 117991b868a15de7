/** The Compose file runs every example, against the servers that it starts, and leaves nothing for them to want. */
import { expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { join } from "node:path";

import packageJson from "../../../package.json" with { type: "json" };
import { load } from "../config/load-text.ts";

interface Service {
  readonly image: string;
  readonly command?: readonly string[];
  readonly ports?: readonly string[];
  readonly stop_grace_period?: string;
}

const FOLDER = join(import.meta.dir, "../../../configs");
const compose = Bun.YAML.parse(await Bun.file(join(FOLDER, "compose.yaml")).text()) as {
  readonly configs: Readonly<Record<"common" | "databases", { readonly content: string }>>;
  readonly services: Readonly<Record<string, Service>>;
};
const components = await Promise.all(
  Object.values(compose.services)
    .filter(({ command }) => command !== undefined)
    .map(async (service) => {
      const path = service.command?.[0] ?? "";
      const file = path.replace("/etc/influx-spout/", "");
      const text = await Bun.file(join(FOLDER, file)).text();
      return { service, file, ...load(text, { common: compose.configs.common.content }) };
    }),
);

test("there is a service for each example of one component, which loads without a warning", () => {
  const examples = readdirSync(FOLDER).filter((name) => name.endsWith(".toml"));
  expect(components.map(({ file }) => file).toSorted()).toEqual(
    examples.filter((name) => !["common.toml", "standalone.toml"].includes(name)).toSorted(),
  );
  expect(components.flatMap(({ warnings }) => warnings)).toEqual([]);
});

test("the image is the one of this version", () => {
  const images = new Set(components.map(({ service }) => service.image));
  expect([...images]).toEqual([`influx-spout:${packageJson.version}`]);
});

test("components find the servers by the names of their services", () => {
  for (const { config } of components) {
    if (config.mode === "standalone") throw new Error("one component is expected");
    expect(config.nats.servers).toEqual(["nats:4222"]);
    if (config.mode === "writer") expect(config.output).toMatchObject({ address: "influxdb" });
  }
  expect(compose.services).toContainKeys(["nats", "influxdb"]);
});

test("the databases that writers write to are created, and no others", () => {
  const written = components.flatMap(({ config }) =>
    config.mode === "writer" && config.output.kind === "influxdb" ? [config.output.database] : [],
  );
  const created = compose.configs.databases.content.matchAll(/CREATE DATABASE "([^"]+)"/g);
  expect([...created].map(([, name]) => name).toSorted()).toEqual(written.toSorted());
});

test("the ports that components listen on are published", () => {
  for (const { config, service } of components) {
    const port = "port" in config ? config.port : undefined;
    const protocol = config.mode === "listener" ? "/udp" : "";
    const expected = port === undefined ? undefined : [`${port}:${port}${protocol}`];
    expect([config.name, service.ports]).toEqual([config.name, expected]);
  }
});

test("containers get more time to stop than their components take", () => {
  for (const { config, service } of components) {
    const graceMs = Number(/^(\d+)s$/.exec(service.stop_grace_period ?? "")?.[1]) * 1000;
    expect(graceMs).toBeGreaterThan(config.stopTimeoutMs);
  }
});
