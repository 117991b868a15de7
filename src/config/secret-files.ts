/** Files that options name: secrets and certificates. What is wrong with one is reported; what is in it never is. */
import { readFileSync } from "node:fs";

import { messageOf } from "../platform/errors.ts";
import type { OptionName } from "./options.ts";
import { type Problems, show } from "./problems.ts";
import type { Settings } from "./settings.ts";

/** The options whose value is the path of such a file, or "". */
export type FileOption = {
  [Name in OptionName]: Name extends
    `${string}_file` | `${string}_ca` | `nats_tls_${string}` | "nats_creds" | "nats_nkey"
    ? Name
    : never;
}[OptionName];

/** The file's text without the newline at its end; "" if there is none or it is at fault, which is reported. */
export function readSecret(name: FileOption, settings: Settings, problems: Problems): string {
  const text = readIfGiven(name, settings, problems);
  const secret = text?.replace(/\r?\n$/, "");
  if (secret === "") {
    problems.add(
      settings.place(name),
      "a file with a secret",
      `${show(settings.get(name))}, empty`,
    );
  }
  return secret ?? "";
}

/** The file's text, with certificates in PEM; "" if there is none or it is at fault, which is reported. */
export function readCertificates(name: FileOption, settings: Settings, problems: Problems): string {
  const text = readIfGiven(name, settings, problems);
  if (text === undefined || text.includes("-----BEGIN CERTIFICATE-----")) return text ?? "";
  const got = `${show(settings.get(name))}, which holds none`;
  problems.add(settings.place(name), "a PEM file with certificates", got);
  return "";
}

/** The file's text; undefined if there is none or it cannot be read, which is reported. */
export function readIfGiven(
  name: FileOption,
  settings: Settings,
  problems: Problems,
): string | undefined {
  const path = settings.get(name);
  if (path === "") return undefined;
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    problems.add(
      settings.place(name),
      "a file that can be read",
      `${show(path)}: ${messageOf(error)}`,
    );
    return undefined;
  }
}
