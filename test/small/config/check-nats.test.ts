/** Goal: servers, login and TLS come out of the address and the options beside it; secrets never come out of problems. */
import { describe, expect, test } from "bun:test";

import { maskNatsAddress } from "../../../src/config/check-nats.ts";
import { natsOptions } from "../../support/nats-options.ts";
import { loadComponent, problemsOf, type TextOptions } from "./load-text.ts";

const NONE = natsOptions({ servers: ["localhost:4222"] });

const natsOf = (line: string, options: TextOptions = {}) =>
  loadComponent(`mode = "listener"\n${line}`, options).nats;

const refuses = (line: string, problem: string, options: TextOptions = {}) =>
  expect({ line, problems: problemsOf(`mode = "listener"\n${line}`, options) }).toEqual({
    line,
    problems: [`spout.toml: ${problem}`],
  });

/** Of the form of one. */
const SEED = `SU${"A".repeat(56)}`;

const FILES = {
  files: {
    nkey: `${SEED}\n`,
    pass: "hush\n",
    token: "t0ken\r\n",
    creds: "-----BEGIN...",
    empty: "\n",
    ca: "-----BEGIN CERTIFICATE-----\n...",
  },
};

describe("the address", () => {
  test("gives servers, TLS and login", () => {
    expect(natsOf('nats_address = "nats://a:1,b"')).toEqual({
      ...NONE,
      servers: ["a:1", "b:4222"],
    });
    expect(natsOf('nats_address = "tls://me:hush@a"')).toEqual({
      ...NONE,
      servers: ["a:4222"],
      tls: true,
      user: "me",
      password: "hush",
    });
    expect(natsOf('nats_address = "nats://t0ken@a"')).toMatchObject({ token: "t0ken" });
  });

  test("is refused with the reason, and without what may be a secret", () => {
    for (const address of ["", "http://me:hush@a", "nats://me:hush@a:0", "nats://me:hu%sh@a,b"]) {
      const problems = problemsOf(`mode = "listener"\nnats_address = "${address}"`);
      expect(problems).toHaveLength(1);
      expect(problems[0]).toStartWith(
        "spout.toml: nats_address: expected nats://host:port, got one that cannot be used: server 1 ",
      );
      expect(problems[0]).not.toContain("hu");
    }
  });

  test("may not be inproc:// in a process of one component", () => {
    const why = 'which connects the components of one process: it takes mode = "standalone"';
    for (const address of ["inproc://", "INPROC:", "inproc://a"]) {
      refuses(
        `nats_address = "${address}"`,
        `nats_address: expected nats://host:port, got inproc://, ${why}`,
      );
    }
  });
});

describe("the login", () => {
  test("may come from files, whose final newline is no part of the secret", () => {
    expect(natsOf('nats_user = "me"\nnats_pass_file = "FOLDER/pass"', FILES)).toEqual({
      ...NONE,
      user: "me",
      password: "hush",
    });
    expect(natsOf('nats_token_file = "FOLDER/token"', FILES)).toEqual({ ...NONE, token: "t0ken" });
    expect(natsOf('nats_creds = "FOLDER/creds"', FILES)).toEqual({
      ...NONE,
      credsFile: expect.stringMatching(/^\/.*\/creds$/),
    });
    expect(natsOf('nats_nkey = "FOLDER/nkey"', FILES)).toEqual({
      ...NONE,
      nkeyFile: expect.stringMatching(/^\/.*\/nkey$/),
    });
  });

  test("has one way at most", () => {
    refuses(
      'nats_address = "nats://me:hush@a"\nnats_user = "me"\nnats_pass_file = "FOLDER/pass"',
      "nats_user: expected one way to log in to NATS, got nats_address (user or token) and nats_user",
      FILES,
    );
    refuses(
      'nats_address = "nats://t0ken@a"\nnats_creds = "FOLDER/creds"',
      "nats_creds: expected one way to log in to NATS, got nats_address (user or token) and nats_creds",
      FILES,
    );
    refuses(
      'nats_nkey = "FOLDER/nkey"\nnats_creds = "FOLDER/creds"',
      "nats_nkey: expected one way to log in to NATS, got nats_creds and nats_nkey",
      FILES,
    );
    refuses(
      'nats_creds = "FOLDER/creds"\nnats_token_file = "FOLDER/token"\nnats_user = "me"\nnats_pass_file = "FOLDER/pass"',
      "nats_creds: expected one way to log in to NATS, got nats_user and nats_token_file and nats_creds",
      FILES,
    );
  });

  test("needs both user and password", () => {
    expect(
      problemsOf('mode = "writer"\nnats_user = "me"\nnats_token_file = "FOLDER/token"', FILES),
    ).toEqual([
      "spout.toml: nats_token_file: expected one way to log in to NATS, got nats_user and nats_token_file",
      "spout.toml: nats_user: expected nats_pass_file beside it, got nats_user alone",
    ]);
    refuses(
      'nats_user = "me"',
      "nats_user: expected nats_pass_file beside it, got nats_user alone",
    );
    refuses(
      'nats_pass_file = "FOLDER/pass"',
      "nats_pass_file: expected nats_user beside it, got nats_pass_file alone",
      FILES,
    );
  });

  test("is refused if a file cannot be read or holds nothing", () => {
    for (const name of ["nats_token_file", "nats_creds", "nats_nkey", "nats_tls_ca"]) {
      const [problem, ...others] = problemsOf(`mode = "listener"\n${name} = "FOLDER/none"`, FILES);
      expect(problem).toStartWith(
        `spout.toml: ${name}: expected a file that can be read, got "none": ENOENT`,
      );
      expect(others).toEqual([]);
    }
    refuses(
      'nats_token_file = "FOLDER/empty"',
      'nats_token_file: expected a file with a secret, got "empty", empty',
      FILES,
    );
    refuses(
      'nats_nkey = "FOLDER/pass"',
      `nats_nkey: expected a file with the seed of a user's nkey (SU...), got "pass", which holds none`,
      FILES,
    );
  });
});

test("a certificate authority turns TLS on", () => {
  refuses(
    'nats_tls_ca = "FOLDER/token"',
    'nats_tls_ca: expected a PEM file with certificates, got "token", which holds none',
    FILES,
  );
  expect(natsOf('nats_tls_ca = "FOLDER/ca"', FILES)).toEqual({
    ...NONE,
    tls: true,
    tlsCaFile: expect.stringMatching(/^\/.*\/ca$/),
  });
});

test("passwords and tokens in an address are masked for printing", () => {
  const masks = (address: string, masked: string) => expect(maskNatsAddress(address)).toBe(masked);
  masks("nats://localhost:4222", "nats://localhost:4222");
  masks("a:4222, b", "a:4222, b");
  masks("nats://me:hush@a:4222", "nats://me:***@a:4222");
  masks("nats://t0ken@a", "nats://***@a");
  masks("me:hush@a,tls://me:hush@b", "me:***@a,tls://me:***@b");
  masks("me:hu@sh@a", "me:***@a");
  masks("me:hu://sh@a", "me:***@a");
});
