/** Who sends, as far as an address tells. */

/**
 * What the addresses of one sender have in common: of IPv6 the network, for a host has as many addresses there as it
 * likes; of IPv4 all of it. `address` is as the runtime writes it: `192.0.2.1`, `::ffff:192.0.2.1`, `2001:db8::1`.
 */
export function senderOf(address: string): string {
  if (!address.includes(":") || address.includes(".")) return address;
  const [head = "", tail] = address.split("::");
  const groups = groupsOf(head);
  if (tail !== undefined) {
    const zeros = GROUPS - groups.length - groupsOf(tail).length;
    for (let count = 0; count < zeros; count++) groups.push("0");
  }
  return groups.slice(0, NETWORK_GROUPS).join(":");
}

const GROUPS = 8;
const NETWORK_GROUPS = 4;

function groupsOf(text: string): string[] {
  return text === "" ? [] : text.split(":");
}
