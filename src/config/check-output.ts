/** Where a writer's lines go: the options of that output, checked. Those of the other outputs are not looked at. */
import { X509Certificate } from "node:crypto";

import { nsToMs } from "../platform/units.ts";
import type { FileOptions, InfluxOptions, OutputOptions } from "./config.ts";
import { fitsFileSystem, holdsDate, looksRotated } from "./file-path.ts";
import { type Problems, show } from "./problems.ts";
import { readCertificates, readSecret } from "./secret-files.ts";
import type { Settings } from "./settings.ts";

type Environment = Readonly<Record<string, string | undefined>>;

export function writerOutput(
  settings: Settings,
  env: Environment,
  problems: Problems,
): OutputOptions {
  const kind = settings.get("output");
  switch (kind) {
    case "file":
      return fileOptions(settings, problems);
    case "stdout":
      return { kind };
    case "influxdb":
      break;
    default:
      problems.add(settings.place("output"), '"influxdb", "file" or "stdout"', show(kind));
  }
  return influxOptions(settings, env, problems);
}

function fileOptions(settings: Settings, problems: Problems): FileOptions {
  const path = settings.get("file_path");
  const options: FileOptions = {
    kind: "file",
    path,
    sizeMaxBytes: settings.number("file_max_size"),
    ageMaxMs: nsToMs(settings.get("file_max_age")),
    archivesMax: settings.number("file_max_archives"),
    gzip: settings.get("file_gzip"),
    subjectsMax: settings.number("file_max_subjects"),
  };
  const problem = pathProblem(path) ?? lengthProblem(options);
  if (problem !== undefined) {
    const expected = "the path of a file, with no braces but those of {subject} and {date}";
    problems.add(settings.place("file_path"), expected, `${show(path)}${problem}`);
  }
  warnOfNoEffect(options, settings, problems);
  return options;
}

/** What follows the path in a problem, or undefined if the path is one of a file. */
function pathProblem(path: string): string | undefined {
  if (path === "") return "";
  if (/\p{Cc}/u.test(path)) return ", which holds a control character";
  const others = /[{}]/.exec(path.replaceAll(/\{subject\}|\{date\}/g, ""));
  if (others !== null) return "";
  if (/(?:^|\/)\.{0,2}$/.test(path)) return ", which is a folder";
  return looksRotated(path) ? ", which is what a rotated file is called" : undefined;
}

function lengthProblem(options: FileOptions): string | undefined {
  const { path, gzip } = options;
  const mayBeRotated = isRotated(options) || (gzip && holdsDate(path));
  return fitsFileSystem(path, mayBeRotated) ? undefined : ", which is too long for a name";
}

function isRotated({ sizeMaxBytes, ageMaxMs }: FileOptions): boolean {
  return sizeMaxBytes > 0 || ageMaxMs > 0;
}

function warnOfNoEffect(options: FileOptions, settings: Settings, problems: Problems): void {
  const isDated = holdsDate(options.path);
  if (options.gzip && !isRotated(options) && !isDated) {
    const why = "nothing is rotated: file_max_size and file_max_age are 0";
    problems.warn(settings.place("file_gzip"), why);
  }
  if (options.archivesMax === 0) return;
  const place = settings.place("file_max_archives");
  if (isDated) problems.warn(place, "files of other days are neither counted nor deleted");
  else if (!isRotated(options)) {
    problems.warn(place, "nothing is rotated: file_max_size and file_max_age are 0");
  }
}

function influxOptions(settings: Settings, env: Environment, problems: Problems): InfluxOptions {
  const protocol = settings.get("influxdb_protocol");
  if (protocol !== "http" && protocol !== "https") {
    problems.add(settings.place("influxdb_protocol"), '"http" or "https"', show(protocol));
  }
  const address = settings.get("influxdb_address");
  if (!isHost(address)) {
    const expected = "a host name or an IP address (IPv6 in brackets), nothing else";
    problems.add(settings.place("influxdb_address"), expected, show(address));
  }
  const database = settings.get("influxdb_dbname");
  if (database === "") {
    problems.add(settings.place("influxdb_dbname"), "the name of a database", show(database));
  }
  return {
    kind: "influxdb",
    protocol: protocol === "https" ? "https" : "http",
    address,
    port: settings.number("influxdb_port"),
    database,
    ...credentials(settings, env, problems),
    tlsCa: tlsCa(settings, problems),
    writeTimeoutMs: nsToMs(settings.get("write_timeout")),
    retry: {
      // In 2.x each worker has a queue of its own.
      batchesMax: settings.number("writer_retry_batches") * settings.number("workers"),
      sizeMaxBytes: settings.number("writer_retry_max_size"),
      intervalMs: nsToMs(settings.get("writer_retry_interval")),
      timeoutMs: nsToMs(settings.get("writer_retry_timeout")),
    },
  };
}

/** Each of the two from its option or, where that is not set, from the environment; there are both or neither. */
function credentials(
  settings: Settings,
  env: Environment,
  problems: Problems,
): Pick<InfluxOptions, "user" | "password"> {
  const userOption = settings.get("influxdb_user");
  const hasFile = settings.get("influxdb_pass_file") !== "";
  const user = userOption || (env["INFLUXDB_USER"] ?? "");
  const password = hasFile
    ? readSecret("influxdb_pass_file", settings, problems)
    : (env["INFLUXDB_PASS"] ?? "");
  const hasPassword = hasFile || password !== "";
  const inEnvironment = (option: string) => ({ file: "environment", option });
  if (user !== "" && !hasPassword) {
    const isOption = userOption !== "";
    const place = isOption ? settings.place("influxdb_user") : inEnvironment("$INFLUXDB_USER");
    const missing = isOption ? "influxdb_pass_file or $INFLUXDB_PASS" : "$INFLUXDB_PASS";
    problems.add(place, `${missing} beside it`, `${place.option} alone`);
  }
  if (user === "" && hasPassword) {
    const place = hasFile ? settings.place("influxdb_pass_file") : inEnvironment("$INFLUXDB_PASS");
    const missing = hasFile ? "influxdb_user or $INFLUXDB_USER" : "$INFLUXDB_USER";
    problems.add(place, `${missing} beside it`, `${place.option} alone`);
  }
  return { user, password };
}

/** The runtime says nothing of use about a broken certificate, so it is looked at here. */
function tlsCa(settings: Settings, problems: Problems): string {
  const text = readCertificates("influxdb_tls_ca", settings, problems);
  if (text === "") return "";
  const place = settings.place("influxdb_tls_ca");
  try {
    for (const [certificate] of text.matchAll(CERTIFICATE)) new X509Certificate(certificate);
  } catch {
    const got = `${show(settings.get("influxdb_tls_ca"))}, which holds a broken one`;
    problems.add(place, "a PEM file with certificates", got);
  }
  if (settings.get("influxdb_protocol") === "http") {
    problems.warn(place, "has no effect: influxdb_protocol is http");
  }
  return text;
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^]*?(?:-----END CERTIFICATE-----|$)/g;

/** True if the text can stand between `http://` and `:port` as the host alone. */
function isHost(text: string): boolean {
  return /^(\[[^\]]+\]|[^\s:/?#@[\]\\%]+)$/.test(text) && URL.canParse(`http://${text}:1/`);
}
