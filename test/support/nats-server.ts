/** A real nats-server for a test, on a free port of 127.0.0.1. */
import { writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { eventually } from "./eventually.ts";
import { freePort, type ServerProcess, startServer } from "./server-process.ts";

const CONFIG_FILE = "nats.conf";

export interface NatsServer extends ServerProcess {
  readonly port: number;
  /** host:port */
  readonly address: string;
  /** Where its HTTP monitoring answers, e.g. `${monitorUrl}/connz`. */
  readonly monitorUrl: string;
  /** Reads other further lines of its configuration file; resolves when it has done so. */
  reload(config: string): Promise<void>;
}

export interface NatsServerOptions {
  /** A port that it had before, to come back on; without one, a free port. */
  readonly port?: number;
  readonly user?: string;
  readonly password?: string;
  readonly token?: string;
  readonly tls?: Certificates;
  /** Takes only clients with a certificate that the same authority signed. */
  readonly tlsVerify?: boolean;
  readonly payloadMaxBytes?: number;
  /** Further lines of its configuration file. */
  readonly config?: string;
}

/**
 * Starts a server. To restart one: `kill("SIGKILL")`, await `exited`, then start another on its `port`. To freeze
 * and thaw it: `kill("SIGSTOP")`, `kill("SIGCONT")`.
 */
export async function startNatsServer(options: NatsServerOptions = {}): Promise<NatsServer> {
  const port = options.port ?? freePort();
  const monitorPort = freePort();
  const process = await startServer({
    command: "nats-server",
    debianPackage: "nats-server",
    arguments: (folder) => {
      const file = join(folder, CONFIG_FILE);
      writeFileSync(file, configText(port, monitorPort, options));
      return ["-c", file];
    },
    isReady: () => greets(port),
  });
  return {
    ...process,
    port,
    address: `127.0.0.1:${port}`,
    monitorUrl: `http://127.0.0.1:${monitorPort}`,
    async reload(config) {
      const reloads = () => process.output().split("Reloaded server configuration").length;
      const reloadsBefore = reloads();
      const file = join(process.folder, CONFIG_FILE);
      writeFileSync(file, configText(port, monitorPort, { ...options, config }));
      let askedMs = -Infinity;
      await eventually("nats-server reads its configuration again", () => {
        if (reloads() > reloadsBefore) return true;
        // Under load it was seen to miss one.
        if (performance.now() - askedMs > 2000) {
          askedMs = performance.now();
          process.kill("SIGHUP");
        }
        return false;
      });
    },
  };
}

/** A configuration for {@link NatsServerOptions} with two users, password "p": "u" may do so much, "all" everything. */
export function permissions(allowed: {
  readonly publish?: readonly string[];
  readonly subscribe?: readonly string[];
}): string {
  const { publish = [">"], subscribe = [">"] } = allowed;
  return `authorization { users: [
    { user: u, password: p, permissions: {
      publish: ${JSON.stringify(publish)}, subscribe: ${JSON.stringify(subscribe)}
    } },
    { user: all, password: p }
  ] }`;
}

export interface Certificates extends AsyncDisposable {
  /** PEM files: the authority, and the server's certificate and key that it signed. */
  readonly caFile: string;
  readonly certFile: string;
  readonly keyFile: string;
  /** Signs another certificate, for a client; one of less than no days has expired. */
  sign(
    name: string,
    days?: number,
  ): Promise<{ readonly certFile: string; readonly keyFile: string }>;
}

const NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];

/** Makes an authority and a server certificate for `altNames` (as openssl writes them), in a temporary folder. */
export async function makeCertificates(
  altNames = "DNS:localhost,IP:127.0.0.1",
  days?: number,
): Promise<Certificates> {
  const folder = await mkdtemp(join(tmpdir(), "spout-certificates-"));
  const path = (name: string) => join(folder, name);
  const subject = ["-subj", "/CN=ca"];
  await openssl(folder, [
    "req",
    "-x509",
    ...NEW_KEY,
    "-keyout",
    "ca.key",
    "-out",
    "ca.pem",
    ...subject,
  ]);
  await signCertificate(folder, "server", altNames, days);
  return {
    caFile: path("ca.pem"),
    certFile: path("server.pem"),
    keyFile: path("server.key"),
    sign: (name, days) => signCertificate(folder, name, "DNS:client.example", days),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

async function signCertificate(folder: string, name: string, altNames: string, days = 30) {
  const [request, certificate, key] = [`${name}.csr`, `${name}.pem`, `${name}.key`];
  writeFileSync(join(folder, "names"), `subjectAltName=${altNames}\n`);
  const subject = ["-subj", `/CN=${name}`];
  await openssl(folder, ["req", ...NEW_KEY, "-keyout", key, "-out", request, ...subject]);
  await openssl(folder, [
    ...["x509", "-req", "-in", request, "-out", certificate, "-extfile", "names"],
    ...["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", String(days)],
  ]);
  return { certFile: join(folder, certificate), keyFile: join(folder, key) };
}

async function openssl(folder: string, arguments_: readonly string[]): Promise<void> {
  const child = Bun.spawn(["openssl", ...arguments_], { cwd: folder, stderr: "pipe" });
  const complaint = await new Response(child.stderr).text();
  if ((await child.exited) !== 0) throw new Error(`openssl ${arguments_[0]}: ${complaint}`);
}

function configText(port: number, monitorPort: number, options: NatsServerOptions): string {
  const { user, password, token, tls, payloadMaxBytes, config } = options;
  const verify = options.tlsVerify === true ? `, ca_file: "${tls?.caFile}", verify: true` : "";
  return [
    `listen: "127.0.0.1:${port}"`,
    `http: "127.0.0.1:${monitorPort}"`,
    ...(user === undefined
      ? []
      : [`authorization { user: ${JSON.stringify(user)}, password: ${JSON.stringify(password)} }`]),
    ...(token === undefined ? [] : [`authorization { token: ${JSON.stringify(token)} }`]),
    ...(tls === undefined
      ? []
      : [`tls { cert_file: "${tls.certFile}", key_file: "${tls.keyFile}"${verify} }`]),
    ...(payloadMaxBytes === undefined ? [] : [`max_payload: ${payloadMaxBytes}`]),
    config ?? "",
  ].join("\n");
}

/** A server greets with INFO before anything else, encryption and credentials included. */
function greets(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    Bun.connect({
      hostname: "127.0.0.1",
      port,
      socket: {
        data(socket, bytes) {
          resolve(bytes.toString("latin1").startsWith("INFO "));
          socket.end();
        },
        close: () => resolve(false),
        error: () => resolve(false),
      },
    }).catch(() => resolve(false));
  });
}
