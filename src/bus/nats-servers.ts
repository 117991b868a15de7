/** The servers to connect to: those of the configuration, and those that the cluster announces (connect_urls of INFO). */
import { isIP } from "node:net";

import { parseHostPort } from "./nats-address.ts";

export interface Server {
  /** host:port */
  readonly address: string;
  readonly isAnnounced: boolean;
  /** What its certificate must be for, if not for its host. */
  readonly tlsName?: string;
  /** True for those that were announced in secret: they are told no login in the open. */
  readonly needsTls: boolean;
}

/** Who announces. */
export interface Announcer {
  readonly address: string;
  readonly isEncrypted: boolean;
}

/** What a server announces is foreign text, and each address takes its time to be tried. */
const ANNOUNCED_MAX = 32;

export class Servers {
  readonly #configured: readonly Server[];
  #announced: readonly Server[] = [];
  #turn = 0;

  constructor(addresses: readonly string[]) {
    this.#configured = addresses.map((address) => ({
      address,
      isAnnounced: false,
      needsTls: false,
    }));
  }

  /** Takes what `by` announces, `urls` as it came, for what there is of its cluster now. */
  announce(urls: unknown, by: Announcer): void {
    const addresses = (Array.isArray(urls) ? urls : []).flatMap(addressOf);
    const known = new Set(this.#configured.map(({ address }) => address));
    this.#announced = [...new Set(addresses)]
      .filter((address) => !known.has(address))
      .slice(0, ANNOUNCED_MAX)
      .flatMap((address) => announcedServers(address, by));
  }

  /**
   * Those to be tried before the next pause: what is configured, and of what is announced one after the other, for many of
   * those may be out of reach from here, and a configured one that is back is not to wait for all of them.
   */
  nextRound(): readonly Server[] {
    if (this.#announced.length === 0) return this.#configured;
    const announced = this.#announced[this.#turn++ % this.#announced.length];
    return announced === undefined ? this.#configured : [...this.#configured, announced];
  }

  /** All but the one at `address`. */
  elsewhere(address: string): readonly Server[] {
    return [...this.#configured, ...this.#announced].filter((server) => server.address !== address);
  }
}

function addressOf(url: unknown): string[] {
  if (typeof url !== "string") return [];
  try {
    return [parseHostPort(url, refuse)];
  } catch {
    return [];
  }
}

function refuse(why: string): never {
  throw new Error(why);
}

/** Servers announce themselves by IP address, where certificates are mostly for names: as NATS's own clients have it, for all the same. */
function announcedServers(address: string, by: Announcer): readonly Server[] {
  const server = { address, isAnnounced: true, needsTls: by.isEncrypted };
  const tlsName = hostOf(by.address);
  const isByName = !by.isEncrypted || isIP(hostOf(address)) === 0 || isIP(tlsName) !== 0;
  return isByName ? [server] : [{ ...server, tlsName }, server];
}

function hostOf(address: string): string {
  return address.slice(0, address.lastIndexOf(":")).replace(/^\[(.*)\]$/, "$1");
}
