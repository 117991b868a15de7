/** The manifests fit together, and with the configurations in their config map. */
import { expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { join } from "node:path";

import packageJson from "../../../package.json" with { type: "json" };
import { load } from "../config/load-text.ts";

interface Port {
  readonly name: string;
  readonly containerPort: number;
  readonly protocol?: string;
}
interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string };
}
interface Container {
  readonly image: string;
  readonly args: readonly string[];
  readonly ports: readonly Port[];
  readonly livenessProbe: Probe;
  readonly readinessProbe: Probe;
  readonly resources: Readonly<Record<"requests" | "limits", Readonly<Record<string, string>>>>;
}
interface Manifest {
  readonly kind: "ConfigMap" | "Deployment" | "Service";
  readonly metadata: { readonly name: string; readonly labels: Readonly<Record<string, string>> };
  readonly data: Readonly<Record<string, string>>;
  // What a deployment and a service have; each test looks at one kind.
  readonly spec: {
    readonly replicas: number;
    readonly selector: Readonly<Record<string, unknown>>;
    readonly ports: readonly { port: number; protocol: string; targetPort: string }[];
    readonly template: {
      readonly metadata: Manifest["metadata"];
      readonly spec: {
        readonly terminationGracePeriodSeconds: number;
        readonly containers: readonly [Container];
        readonly volumes: readonly { readonly configMap: { readonly name: string } }[];
      };
    };
  };
}

const FOLDER = join(import.meta.dir, "../../../configs/kubernetes");
const texts = await Promise.all(
  readdirSync(FOLDER).map((name) => Bun.file(join(FOLDER, name)).text()),
);
const manifests = texts.flatMap((text) => Bun.YAML.parse(text) as Manifest | Manifest[]);
const ofKind = (kind: Manifest["kind"]) => manifests.filter((manifest) => manifest.kind === kind);
const [configMap] = ofKind("ConfigMap");
const { "influx-spout.toml": common = "", ...files } = configMap?.data ?? {};

const deployments = ofKind("Deployment").map(({ metadata, spec }) => {
  const { containers, ...pod } = spec.template.spec;
  const [container] = containers;
  const file = container.args[0]?.replace("/etc/influx-spout/", "") ?? "";
  const loaded = load(files[file] ?? "", { common, fileName: file });
  return { name: metadata.name, metadata, spec, pod, container, file, ...loaded };
});

test("each configuration has a deployment, and loads without a warning", () => {
  expect(deployments.map(({ file }) => file).toSorted()).toEqual(Object.keys(files).toSorted());
  expect(deployments.flatMap(({ warnings }) => warnings)).toEqual([]);
  for (const { pod } of deployments) {
    expect(pod.volumes).toMatchObject([{ configMap: { name: configMap?.metadata.name } }]);
  }
});

test("the image is the one of this version", () => {
  const images = new Set(deployments.map(({ container }) => container.image));
  expect([...images]).toEqual([`influx-spout:${packageJson.version}`]);
});

test("deployments find their own pods", () => {
  for (const { metadata, spec } of deployments) {
    expect(spec.selector).toEqual({ matchLabels: metadata.labels });
    expect(spec.template.metadata.labels).toEqual(metadata.labels);
  }
});

test("probes ask the port that components answer them on", () => {
  for (const { config, container } of deployments) {
    const probes = container.ports.find(({ name }) => name === "probes");
    expect(probes?.containerPort).toBe(config.probePort);
    expect(container.livenessProbe.httpGet).toEqual({ path: "/healthz", port: "probes" });
    expect(container.readinessProbe.httpGet).toEqual({ path: "/readyz", port: "probes" });
  }
});

test("the ports of components are those of their containers, and of a service that finds them", () => {
  for (const { name, metadata, config, container } of deployments) {
    const protocol = config.mode === "listener" ? "UDP" : "TCP";
    const port = "port" in config ? config.port : undefined;
    const service = ofKind("Service").find((each) => each.metadata.name === name);
    const open = container.ports.filter((each) => each.name !== "probes");
    expect([name, open.map((each) => each.containerPort)]).toEqual([
      name,
      port === undefined ? [] : [port],
    ]);
    if (port === undefined) {
      expect(service).toBeUndefined();
    } else {
      expect(open).toMatchObject([{ protocol }]);
      expect(service?.spec.selector).toEqual(metadata.labels);
      expect(service?.spec.ports).toMatchObject([{ port, protocol, targetPort: open[0]?.name }]);
    }
  }
});

test("pods have more time to stop than their components take", () => {
  for (const { config, pod } of deployments) {
    expect(pod.terminationGracePeriodSeconds * 1000).toBeGreaterThan(config.stopTimeoutMs);
  }
});

test("the memory that pods may have is more than what their components may hold", () => {
  for (const { name, config, container } of deployments) {
    if (config.mode === "standalone") throw new Error("one component is expected");
    const held = [
      // For each subject.
      "pendingMaxBytes" in config
        ? config.pendingMaxBytes * (config.mode === "writer" ? config.subjects.length : 1)
        : 0,
      config.outboundMaxBytes,
      // Batches under way, and one being filled.
      config.mode === "writer" ? (config.workers + 1) * config.batch.sizeMaxBytes : 0,
      // Names and labels, and two pages being read, on which each stands twice.
      config.mode === "monitor" ? 5 * config.sizeMaxBytes : 0,
    ].reduce((sum, bytes) => sum + bytes);
    expect([name, held < bytesOf(container.resources.limits["memory"])]).toEqual([name, true]);
    expect(container.resources.requests).toContainKeys(["cpu", "memory"]);
  }
});

test("there are several filters, which share the work", () => {
  const filter = deployments.find(({ config }) => config.mode === "filter");
  expect(filter?.spec.replicas).toBeGreaterThan(1);
  expect(filter?.config).toMatchObject({ queueGroup: "filter" });
});

function bytesOf(quantity = ""): number {
  const [, number, unit] = /^(\d+)(Mi|Gi)$/.exec(quantity) ?? [];
  return Number(number) * (unit === "Gi" ? 2 ** 30 : 2 ** 20);
}
