// Sockets that messages come through: one for datagrams, or a server of connections, plain or encrypted. Both say when
// the system refuses to listen, with the listener's name.

import { createSocket } from "node:dgram";
import { createServer, isIPv6, type Server, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { OperatingError } from "../core/errors.ts";
import { formatSyslogAddress, type SyslogAddress } from "../core/syslog_address.ts";

/** Certificate and key, PEM text. */
export interface TlsTexts {
  readonly cert: string;
  readonly key: string;
}

/** A socket that listens. */
export interface BoundSocket {
  /** The real one where 0 was asked for. */
  readonly port: number;
  /** Takes nothing new from now on. */
  close(): void;
}

/** What the system keeps of datagrams while this thread works: some seconds of a busy network. */
const RECEIVE_BUFFER_BYTES = 4 * 1024 * 1024;
/** How long a TLS handshake may take, in ms. */
const HANDSHAKE_MS_MAX = 10_000;

/** Listens for datagrams. Rejects with OperatingError. */
export function bindDatagrams(
  address: SyslogAddress,
  received: (bytes: Uint8Array, peer: string) => void,
  failed: (error: Error) => void,
): Promise<BoundSocket> {
  const { host, port } = address;
  const { promise, resolve, reject } = Promise.withResolvers<BoundSocket>();
  const socket = createSocket({ type: isIPv6(host) ? "udp6" : "udp4" });
  const refuse = (error: Error) => reject(bindError(error, address));
  socket.once("error", refuse);
  socket.on("message", (bytes, { address: peer }) => received(bytes, peer));
  socket.bind({ address: host, port, exclusive: true }, () => {
    socket.off("error", refuse);
    // Of a datagram that could not be received; the socket goes on.
    socket.on("error", failed);
    try {
      socket.setRecvBufferSize(RECEIVE_BUFFER_BYTES);
    } catch (error) {
      failed(error as Error);
    }
    resolve({ port: socket.address().port, close: () => socket.close() });
  });
  return promise;
}

/** Listens for connections; with `tls` they are handed over once they are encrypted. Rejects with OperatingError. */
export function bindConnections(
  address: SyslogAddress,
  tls: TlsTexts | undefined,
  connected: (socket: Socket) => void,
  failed: (error: Error) => void,
): Promise<BoundSocket> {
  const { host, port } = address;
  const { promise, resolve, reject } = Promise.withResolvers<BoundSocket>();
  const server: Server =
    tls === undefined
      ? createServer(connected)
      : createTlsServer({ ...tls, handshakeTimeout: HANDSHAKE_MS_MAX }, connected);
  const refuse = (error: Error) => reject(bindError(error, address));
  server.once("error", refuse);
  // A handshake that fails ends its own connection only.
  server.on("tlsClientError", (_error, socket) => socket.destroy());
  server.listen({ host, port }, () => {
    server.off("error", refuse);
    server.on("error", failed);
    const bound = server.address();
    resolve({
      port: bound === null || typeof bound === "string" ? port : bound.port,
      close: () => server.close(),
    });
  });
  return promise;
}

function bindError(error: Error, address: SyslogAddress): OperatingError {
  const { code } = error as { code?: unknown };
  const where = `cannot listen for syslog on ${formatSyslogAddress(address)}`;
  if (code === "EADDRINUSE") {
    const message = `${where}: something else listens there; choose another port`;
    return new OperatingError("address_in_use", message, { cause: error });
  }
  const hint = code === "EACCES" ? "; ports below 1024 need a privilege" : "";
  return new OperatingError("io", `${where}: ${error.message}${hint}`, { cause: error });
}
