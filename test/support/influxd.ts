/** A real InfluxDB 1.x on loopback, with its files in a temporary folder, for one test. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";

import { freePort, type ServerProcess, startServer } from "./server-process.ts";

export type Row = Readonly<Record<string, unknown>>;

export interface Influxd extends ServerProcess {
  /** Of its HTTP interface, on 127.0.0.1. */
  readonly port: number;
  createDatabase(name: string): Promise<void>;
  /**
   * The rows of all series that a SELECT or SHOW gives, in their order. Tags are columns if the SELECT names them
   * or says `*`; `time` is RFC 3339, exact to the nanosecond.
   */
  query(database: string, text: string): Promise<Row[]>;
}

export interface InfluxdOptions {
  /** On 127.0.0.1; a free one unless given. */
  readonly port?: number;
  /** Where its data are, so that another one can go on with them; in its own folder unless given. */
  readonly dataFolder?: string;
  /** Further lines of the section `[http]`. */
  readonly http?: string;
  /** Set if those turn https on. */
  readonly isHttps?: boolean;
}

export async function startInfluxd(options: InfluxdOptions = {}): Promise<Influxd> {
  const port = options.port ?? freePort();
  const url = `${options.isHttps === true ? "https" : "http"}://127.0.0.1:${port}`;
  const server = await startServer({
    command: "influxd",
    debianPackage: "influxdb",
    arguments: (folder) => {
      const configPath = join(folder, "influxdb.conf");
      const text = influxdConfig(options.dataFolder ?? folder, port, freePort(), options.http);
      writeFileSync(configPath, text);
      return ["-config", configPath];
    },
    isReady: async () =>
      (await fetch(`${url}/ping`, { tls: { rejectUnauthorized: false } })).status === 204,
  });
  const query = (database: string, text: string) => runQuery(url, database, text);
  return {
    ...server,
    port,
    query,
    async createDatabase(name) {
      await query("", `CREATE DATABASE ${JSON.stringify(name)}`);
    },
  };
}

/** Only what a write and a query need: no telemetry, no self-monitoring, no log of each request. */
function influxdConfig(folder: string, httpPort: number, rpcPort: number, http = ""): string {
  return `
reporting-disabled = true
bind-address = "127.0.0.1:${rpcPort}"
[meta]
dir = "${folder}/meta"
[data]
dir = "${folder}/data"
wal-dir = "${folder}/wal"
query-log-enabled = false
[monitor]
store-enabled = false
[continuous_queries]
enabled = false
[http]
bind-address = "127.0.0.1:${httpPort}"
log-enabled = false
${http}
[logging]
level = "warn"
suppress-logo = true
`;
}

interface QueryAnswer {
  readonly error?: string;
  readonly results?: readonly {
    readonly error?: string;
    readonly series?: readonly {
      readonly columns: readonly string[];
      readonly values: readonly (readonly unknown[])[];
    }[];
  }[];
}

async function runQuery(url: string, database: string, text: string): Promise<Row[]> {
  const response = await fetch(`${url}/query?db=${encodeURIComponent(database)}`, {
    method: "POST",
    body: new URLSearchParams({ q: text }),
  });
  const answer = (await response.json()) as QueryAnswer;
  const [result] = answer.results ?? [];
  const error = answer.error ?? result?.error;
  if (error !== undefined) throw new Error(`InfluxDB refuses "${text}": ${error}`);
  return (result?.series ?? []).flatMap(({ columns, values }) =>
    values.map((row) => Object.fromEntries(columns.map((column, at) => [column, row[at]]))),
  );
}
