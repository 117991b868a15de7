/** Operator, account and user for a nats-server that checks JWTs, as `nsc` would make them. */
import { nkeys } from "nats";

type KeyPair = ReturnType<typeof nkeys.createUser>;

export interface NatsCredentials {
  /** Lines for the server's configuration. */
  readonly serverConfig: string;
  /** The text of the user's credentials file. */
  readonly credsText: string;
  /** The same, good for so long from now. */
  credsTextFor(lifeSeconds: number): string;
}

export function makeNatsCredentials(): NatsCredentials {
  const operator = nkeys.createOperator();
  const account = nkeys.createAccount();
  const user = nkeys.createUser();
  const operatorJwt = sign(operator, operator, { type: "operator" });
  const accountJwt = sign(operator, account, {
    type: "account",
    limits: { subs: -1, data: -1, payload: -1, imports: -1, exports: -1, conn: -1, leaf: -1 },
  });
  const credsTextFor = (lifeSeconds?: number) => {
    const rights = { type: "user", subs: -1, data: -1, payload: -1 };
    return [
      "-----BEGIN NATS USER JWT-----",
      sign(account, user, rights, lifeSeconds),
      "------END NATS USER JWT------",
      "",
      "-----BEGIN USER NKEY SEED-----",
      new TextDecoder().decode(user.getSeed()),
      "------END USER NKEY SEED------",
      "",
    ].join("\n");
  };
  return {
    serverConfig: [
      `operator: ${operatorJwt}`,
      "resolver: MEMORY",
      `resolver_preload: { ${account.getPublicKey()}: ${accountJwt} }`,
    ].join("\n"),
    credsText: credsTextFor(),
    credsTextFor,
  };
}

/** A JWT about `subject`, in the form of the JWT library of NATS, version 2. */
function sign(
  issuer: KeyPair,
  subject: KeyPair,
  nats: Readonly<Record<string, unknown>>,
  lifeSeconds?: number,
): string {
  const encode = (part: unknown) => Buffer.from(JSON.stringify(part)).toString("base64url");
  const head = encode({ typ: "JWT", alg: "ed25519-nkey" });
  const nowSeconds = Math.floor(Date.now() / 1000);
  const claims = encode({
    jti: Bun.randomUUIDv7(),
    iat: nowSeconds,
    ...(lifeSeconds === undefined ? {} : { exp: nowSeconds + lifeSeconds }),
    iss: issuer.getPublicKey(),
    sub: subject.getPublicKey(),
    name: nats["type"],
    nats: { ...nats, version: 2 },
  });
  const signature = issuer.sign(Buffer.from(`${head}.${claims}`));
  return `${head}.${claims}.${Buffer.from(signature).toString("base64url")}`;
}
