/** Which side refused what in TLS, in words, with what to do about it. */

/** Why we do not trust a server, by the code of the TLS library: what to do. All others: an authority is missing. */
const REMEDIES: Readonly<Record<string, string>> = {
  ERR_TLS_CERT_ALTNAME_INVALID:
    "nats_address must name the server as its certificate does, or it needs another one",
  CERT_HAS_EXPIRED: "the server needs a new one",
  CERT_NOT_YET_VALID: "look at the clocks of both hosts",
  CERT_REVOKED: "the server needs a new one",
};
const UNKNOWN_AUTHORITY = "nats_tls_ca must name a file with the authority that signed it";

/** What a server says by an alert about the certificate that it was shown, or was not. */
const CERTIFICATE_ALERTS: Readonly<Record<string, string>> = {
  BAD_CERTIFICATE:
    "its authorities did not sign it, or it has expired, or is not for clients; the server's log says which",
  UNSUPPORTED_CERTIFICATE: "it is of a kind that the server does not support",
  CERTIFICATE_REVOKED: "it has been revoked",
  CERTIFICATE_EXPIRED: "it has expired",
  CERTIFICATE_UNKNOWN: "the server cannot make anything of it",
  UNKNOWN_CA: "its authorities did not sign it",
  ACCESS_DENIED: "it may not connect with it",
  CERTIFICATE_REQUIRED: "none was shown",
};

export const CERTIFICATE_WANTED =
  "the server refuses clients without a certificate: set nats_tls_cert and nats_tls_key";

/** The handshake failed on our side. */
export function refusedByUs(error: (Error & { readonly code?: string }) | null): Error {
  if (error === null) return new Error("we refuse the server's certificate");
  const remedy = REMEDIES[error.code ?? ""] ?? UNKNOWN_AUTHORITY;
  return new Error(`we refuse the server's certificate: ${error.message} (${remedy})`);
}

/** The same for what the socket reports while it is encrypted; what is no alert comes back as it is. */
export function explainAlert(error: Error, hasCertificate: boolean): Error {
  const alert = /ALERT_([A-Z_]+)|(CERTIFICATE_REQUIRED)/.exec(error.message);
  const name = alert?.[1] ?? alert?.[2];
  if (name === undefined) return error;
  const why = CERTIFICATE_ALERTS[name];
  if (why === undefined) return new Error(`the server refuses TLS with us: alert ${name}`);
  if (!hasCertificate) return new Error(CERTIFICATE_WANTED);
  return new Error(`the server refuses our certificate (nats_tls_cert): ${why} (alert ${name})`);
}
