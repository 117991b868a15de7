/**
 * Whether a browser asks because a page of another site told it to. Such a page cannot read an answer, for none allows it
 * to, but asking alone would start what the answer costs. Tools send none of the headers that are looked at here.
 * Source: Fetch Metadata Request Headers (W3C); RFC 6454 for Origin.
 */

/**
 * `by-hand`: a tool, an address that was typed, or a page of the port itself. `by-link`: somebody may have followed a link
 * on another site, but that site's script may have as well. `by-page`: another site's script, image or frame.
 */
export type Asked = "by-hand" | "by-link" | "by-page";

export function howAsked({ headers }: Request): Asked {
  const site = headers.get("Sec-Fetch-Site");
  if (site !== null) {
    if (site === "none" || site === "same-origin") return "by-hand";
    const isWholePage =
      headers.get("Sec-Fetch-Mode") === "navigate" && headers.get("Sec-Fetch-Dest") === "document";
    return isWholePage ? "by-link" : "by-page";
  }
  // Browsers tell the site only to https and to this machine, and old ones never do.
  const host = headers.get("Host");
  const origin = headers.get("Origin");
  if (origin !== null && hostOf(origin) !== host) return "by-page";
  const referer = headers.get("Referer");
  return referer !== null && hostOf(referer) !== host ? "by-link" : "by-hand";
}

/** Without a port that goes without saying, as in Host; undefined for what is no address, as `null`. */
function hostOf(url: string): string | undefined {
  return URL.parse(url)?.host;
}

/** What keeps pages of other sites from showing an answer, or from taking it for what it is not. */
const PROTECTION: Readonly<Record<string, string>> = {
  "X-Content-Type-Options": "nosniff",
  "Cross-Origin-Resource-Policy": "same-origin",
  "X-Frame-Options": "DENY",
};

/** The same response. */
export function protect(response: Response): Response {
  for (const [name, value] of Object.entries(PROTECTION)) response.headers.set(name, value);
  return response;
}
