/** Sends datagrams from a test, as an agent does: from a socket of its own, unconnected or connected. */

export interface UdpSender extends Disposable {
  /** Sends one datagram; waits while the system takes no more. */
  send(payload: string | Uint8Array): Promise<void>;
}

/** Datagrams go to `port` of `host`, an address. */
export async function openUdpSender(port: number, host = "127.0.0.1"): Promise<UdpSender> {
  const socket = await Bun.udpSocket({ hostname: host.includes(":") ? "::" : "0.0.0.0" });
  return {
    async send(payload) {
      while (!socket.send(payload, port, host)) await Bun.sleep(0);
    },
    [Symbol.dispose]: () => socket.close(),
  };
}
