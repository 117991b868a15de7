/** How to reach NATS, from the address and the options beside it. */
import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";

import { parseNatsAddress } from "../bus/nats-address.ts";
import { findSeed } from "../bus/nats-nkey.ts";
import { type NatsOptions, PLAIN_NATS } from "../bus/nats-options.ts";
import { messageOf } from "../platform/errors.ts";
import type { OptionName } from "./options.ts";
import { type Problems, show } from "./problems.ts";
import { readCertificates, readIfGiven, readSecret } from "./secret-files.ts";
import type { Settings } from "./settings.ts";

/** The address that stands for the bus inside of a process. */
const INPROC_ADDRESS = "inproc://";

/** True if the process's own bus is meant, well written or not. */
export function isInproc(settings: Settings): boolean {
  return /^inproc:/i.test(settings.get("nats_address"));
}

/**
 * Reads the files that hold secrets; checks that those which NATS reads itself can be read. Without NATS the login is
 * not looked at: it may stand there for the day when NATS comes.
 */
export function natsOptions(
  settings: Settings,
  options: { readonly allowInproc: boolean },
  problems: Problems,
): NatsOptions {
  if (isInproc(settings)) return inprocOptions(settings, options.allowInproc, problems);
  const address = checkAddress(settings, problems);
  const tlsCaFile = settings.get("nats_tls_ca");
  readCertificates("nats_tls_ca", settings, problems);
  checkClientCertificate(settings, problems);
  readIfGiven("nats_creds", settings, problems);
  checkNkey(settings, problems);
  const password = readSecret("nats_pass_file", settings, problems);
  const token = readSecret("nats_token_file", settings, problems);
  checkLogin(settings, address.user !== "" || address.token !== "", problems);
  return {
    servers: address.servers,
    tls: address.tls || tlsCaFile !== "" || settings.get("nats_tls_cert") !== "",
    tlsCaFile,
    tlsCertFile: settings.get("nats_tls_cert"),
    tlsKeyFile: settings.get("nats_tls_key"),
    user: settings.get("nats_user") || address.user,
    password: password || address.password,
    token: token || address.token,
    credsFile: settings.get("nats_creds"),
    nkeyFile: settings.get("nats_nkey"),
  };
}

/** The address with passwords and tokens replaced: for printing. */
export function maskNatsAddress(text: string): string {
  return text
    .split(",")
    .map((server) => {
      const [, scheme = "", login, host = ""] = SERVER_PARTS.exec(server) ?? [];
      if (login === undefined) return server;
      const colon = login.indexOf(":");
      return `${scheme}${login.slice(0, colon + 1)}***${host}`;
    })
    .join(",");
}

/** Scheme, user and password or token, then the @ and the rest. */
const SERVER_PARTS = /^(\s*(?:[a-z][a-z0-9+.-]*:\/\/)?)(?:(.*)(?=@))?(.*)$/is;

function inprocOptions(settings: Settings, isAllowed: boolean, problems: Problems): NatsOptions {
  const text = settings.get("nats_address");
  if (!isAllowed) {
    const why = 'which connects the components of one process: it takes mode = "standalone"';
    problems.add(settings.place("nats_address"), "nats://host:port", `inproc://, ${why}`);
  } else if (text.trim().toLowerCase() !== INPROC_ADDRESS) {
    problems.add(settings.place("nats_address"), "inproc:// and nothing behind it", "more");
  }
  return { servers: [INPROC_ADDRESS], ...PLAIN_NATS };
}

function checkAddress(settings: Settings, problems: Problems): ReturnType<typeof parseNatsAddress> {
  const text = settings.get("nats_address");
  const place = settings.place("nats_address");
  try {
    return parseNatsAddress(text);
  } catch (error) {
    problems.add(place, "nats://host:port", `one that cannot be used: ${messageOf(error)}`);
    return { servers: [], tls: false, user: "", password: "", token: "" };
  }
}

function checkNkey(settings: Settings, problems: Problems): void {
  const text = readIfGiven("nats_nkey", settings, problems);
  if (text === undefined || findSeed(text) !== undefined) return;
  const got = `${show(settings.get("nats_nkey"))}, which holds none`;
  problems.add(settings.place("nats_nkey"), "a file with the seed of a user's nkey (SU...)", got);
}

/** One is nothing without the other, and NATS would be shown a certificate whose key we do not have. */
function checkClientCertificate(settings: Settings, problems: Problems): void {
  const certText = readCertificates("nats_tls_cert", settings, problems);
  const keyText = readIfGiven("nats_tls_key", settings, problems);
  const [cert, key] = [settings.place("nats_tls_cert"), settings.place("nats_tls_key")];
  const isGiven = (name: OptionName) => settings.get(name) !== "";
  if (isGiven("nats_tls_cert") && !isGiven("nats_tls_key")) {
    problems.add(cert, "nats_tls_key beside it", "nats_tls_cert alone");
  }
  if (isGiven("nats_tls_key") && !isGiven("nats_tls_cert")) {
    problems.add(key, "nats_tls_cert beside it", "nats_tls_key alone");
  }
  if (keyText === undefined) return;
  const shown = show(settings.get("nats_tls_key"));
  const privateKey = readPrivateKey(keyText);
  if (privateKey === undefined) {
    const got = `${shown}, which holds none that can be read`;
    problems.add(key, "a PEM file with a private key without a passphrase", got);
  } else if (certText !== "" && isGiven("nats_tls_cert")) {
    checkBelongTogether(certText, privateKey, settings, problems);
  }
}

function checkBelongTogether(
  certText: string,
  privateKey: KeyObject,
  settings: Settings,
  problems: Problems,
): void {
  const shown = show(settings.get("nats_tls_cert"));
  try {
    if (new X509Certificate(certText).checkPrivateKey(privateKey)) return;
    const expected = "the key of the certificate in nats_tls_cert";
    const got = `${show(settings.get("nats_tls_key"))}, the key of another`;
    problems.add(settings.place("nats_tls_key"), expected, got);
  } catch {
    const got = `${shown}, which holds a broken one`;
    problems.add(settings.place("nats_tls_cert"), "a PEM file with certificates", got);
  }
}

function readPrivateKey(text: string): KeyObject | undefined {
  try {
    return createPrivateKey(text);
  } catch {
    return undefined;
  }
}

/** There is one way to log in at most, and a user is nothing without a password. */
function checkLogin(settings: Settings, isInAddress: boolean, problems: Problems): void {
  const isGiven = (name: OptionName) => settings.get(name) !== "";
  const given: OptionName[] = [];
  if (isInAddress) given.push("nats_address");
  if (isGiven("nats_user") || isGiven("nats_pass_file")) {
    given.push(isGiven("nats_user") ? "nats_user" : "nats_pass_file");
  }
  if (isGiven("nats_token_file")) given.push("nats_token_file");
  if (isGiven("nats_creds")) given.push("nats_creds");
  if (isGiven("nats_nkey")) given.push("nats_nkey");
  const last = given.at(-1);
  if (last !== undefined && given.length > 1) {
    const ways = given.map((name) =>
      name === "nats_address" ? "nats_address (user or token)" : name,
    );
    problems.add(settings.place(last), "one way to log in to NATS", ways.join(" and "));
  }
  if (isGiven("nats_user") && !isGiven("nats_pass_file")) {
    problems.add(settings.place("nats_user"), "nats_pass_file beside it", "nats_user alone");
  }
  if (isGiven("nats_pass_file") && !isGiven("nats_user")) {
    problems.add(settings.place("nats_pass_file"), "nats_user beside it", "nats_pass_file alone");
  }
}
