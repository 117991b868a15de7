/** Goal: a certificate for NATS comes with its own key, or the configuration says why not. Method: openssl makes them. */
import { describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { loadComponent, problemsOf, type TextOptions } from "../../small/config/load-text.ts";

const natsOf = (line: string, options: TextOptions = {}) =>
  loadComponent(`mode = "listener"\n${line}`, options).nats;

const refuses = (line: string, problem: string, options: TextOptions = {}) =>
  expect({ line, problems: problemsOf(`mode = "listener"\n${line}`, options) }).toEqual({
    line,
    problems: [`spout.toml: ${problem}`],
  });

describe("a client certificate", () => {
  const both = 'nats_tls_cert = "FOLDER/cert"\nnats_tls_key = "FOLDER/key"';

  test("turns TLS on", async () => {
    const { cert, key } = await makeCertificate();
    expect(natsOf(both, { files: { cert, key } })).toMatchObject({
      tls: true,
      tlsCertFile: expect.stringMatching(/^\/.*\/cert$/),
      tlsKeyFile: expect.stringMatching(/^\/.*\/key$/),
    });
  });

  test("is nothing without its key, nor the key without it", async () => {
    const { cert, key } = await makeCertificate();
    const files = { files: { cert, key } };
    refuses(
      'nats_tls_cert = "FOLDER/cert"',
      "nats_tls_cert: expected nats_tls_key beside it, got nats_tls_cert alone",
      files,
    );
    refuses(
      'nats_tls_key = "FOLDER/key"',
      "nats_tls_key: expected nats_tls_cert beside it, got nats_tls_key alone",
      files,
    );
  });

  test("is refused with another's key, one with a passphrase, or what is none", async () => {
    const { cert, key } = await makeCertificate();
    const other = await makeCertificate();
    const locked = await makeCertificate(["-passout", "pass:hush"]);
    refuses(
      both,
      'nats_tls_key: expected the key of the certificate in nats_tls_cert, got "key", the key of another',
      { files: { cert, key: other.key } },
    );
    const unreadable =
      'nats_tls_key: expected a PEM file with a private key without a passphrase, got "key", which holds none that can be read';
    refuses(both, unreadable, { files: { cert: locked.cert, key: locked.key } });
    refuses(both, unreadable, { files: { cert, key: cert } });
    refuses(
      both,
      'nats_tls_cert: expected a PEM file with certificates, got "cert", which holds none',
      { files: { cert: key, key } },
    );
    const broken = cert.replace(/\n[^\n]+/, "\nAAAA");
    refuses(
      both,
      'nats_tls_cert: expected a PEM file with certificates, got "cert", which holds a broken one',
      { files: { cert: broken, key } },
    );
  });
});

/** One that vouches for itself; its key is not encrypted unless `keyOptions` say so. */
async function makeCertificate(keyOptions: readonly string[] = ["-nodes"]) {
  const folder = await mkdtemp(join(tmpdir(), "spout-certificate-"));
  const kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"];
  const command = ["openssl", "req", "-x509", ...kind, ...keyOptions, "-subj", "/CN=me"];
  const child = Bun.spawn([...command, "-keyout", "key", "-out", "cert"], {
    cwd: folder,
    stderr: "ignore",
  });
  expect(await child.exited).toBe(0);
  const [cert, key] = await Promise.all(
    ["cert", "key"].map((name) => Bun.file(join(folder, name)).text()),
  );
  await rm(folder, { recursive: true });
  return { cert: cert ?? "", key: key ?? "" };
}
