/** A real Prometheus for a test, which scrapes what the test says; and promtool, which judges a page. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";

import { freePort, type ServerProcess, startServer } from "./server-process.ts";

export interface Prometheus extends ServerProcess {
  /** What an instant query finds now: the value of each series by its labels, `job` and `instance` left out. */
  query(expression: string): Promise<readonly PrometheusValue[]>;
}

export interface PrometheusValue {
  /** With the metric's name as `__name__`. */
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/**
 * Scrapes `/metrics` on these ports of 127.0.0.1 five times a second. Resolves once it does: it takes some seconds to
 * begin.
 */
export async function startPrometheus(...ports: readonly number[]): Promise<Prometheus> {
  const port = freePort();
  const url = `http://127.0.0.1:${port}`;
  const server = await startServer({
    command: "prometheus",
    debianPackage: "prometheus",
    arguments: (folder) => {
      const configPath = join(folder, "prometheus.yml");
      writeFileSync(configPath, configText(ports));
      return [
        `--config.file=${configPath}`,
        `--storage.tsdb.path=${join(folder, "data")}`,
        `--web.listen-address=127.0.0.1:${port}`,
        "--log.level=warn",
      ];
    },
    isReady: async () => (await runQuery(url, "up == 1")).length === ports.length,
    startMaxMs: 60_000,
  });
  return { ...server, query: (expression) => runQuery(url, expression) };
}

/** What promtool has to say against a page; empty if it accepts it. */
export async function checkWithPromtool(page: string): Promise<string> {
  const path = Bun.which("promtool");
  if (path === null) throw new Error("promtool is missing: apt-get install prometheus");
  const child = Bun.spawn([path, "check", "metrics"], {
    stdin: new Blob([page]),
    stdout: "pipe",
    stderr: "pipe",
  });
  const [stdout, stderr] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  const exitCode = await child.exited;
  return exitCode === 0 ? stdout + stderr : `exit status ${exitCode}: ${stdout}${stderr}`;
}

function configText(ports: readonly number[]): string {
  const targets = ports.map((port) => `"127.0.0.1:${port}"`).join(", ");
  return `
global:
  scrape_interval: 200ms
  scrape_timeout: 200ms
scrape_configs:
  - job_name: spout
    static_configs:
      - targets: [${targets}]
`;
}

interface QueryAnswer {
  readonly error?: string;
  readonly data?: {
    readonly result: readonly {
      readonly metric: Readonly<Record<string, string>>;
      readonly value: readonly [number, string];
    }[];
  };
}

async function runQuery(url: string, expression: string): Promise<readonly PrometheusValue[]> {
  const response = await fetch(`${url}/api/v1/query`, {
    method: "POST",
    body: new URLSearchParams({ query: expression }),
  });
  const { error, data } = (await response.json()) as QueryAnswer;
  if (error !== undefined) throw new Error(`Prometheus refuses "${expression}": ${error}`);
  return (data?.result ?? []).map(({ metric, value: [, value] }) => {
    const { job: _job, instance: _instance, ...labels } = metric;
    return { labels, value: Number(value) };
  });
}
