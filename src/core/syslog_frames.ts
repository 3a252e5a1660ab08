// How syslog messages travel in one body, from a listener to the decoder in the writer thread. A frame is
// `<length> <address> <message>`: the length of the message in UTF-16 units, and the address of its sender, which holds
// no space. Frames follow one another with nothing between. A message may hold anything, line feeds too.

import { SYSLOG_MESSAGE_BYTES_MAX } from "./limits.ts";

/** One message as it came, with the address of its sender. */
export interface SyslogFrame {
  readonly peer: string;
  readonly message: string;
}

/** A frame's text. `peer` has no space. */
export function writeFrame({ peer, message }: SyslogFrame): string {
  return `${message.length} ${peer} ${message}`;
}

/** The frames of a body; undefined where it is not made of frames. */
export function readFrames(body: string): SyslogFrame[] | undefined {
  const frames: SyslogFrame[] = [];
  for (let at = 0; at < body.length; ) {
    const lengthEnd = body.indexOf(" ", at);
    const peerEnd = lengthEnd === -1 ? -1 : body.indexOf(" ", lengthEnd + 1);
    const digits = peerEnd === -1 ? "" : body.slice(at, lengthEnd);
    const length = /^\d{1,6}$/.test(digits) ? Number(digits) : Number.NaN;
    const end = peerEnd + 1 + length;
    if (!(length <= SYSLOG_MESSAGE_BYTES_MAX && end <= body.length)) return undefined;
    frames.push({ peer: body.slice(lengthEnd + 1, peerEnd), message: body.slice(peerEnd + 1, end) });
    at = end;
  }
  return frames;
}
