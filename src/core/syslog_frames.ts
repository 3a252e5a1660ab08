// How syslog messages travel in one body, from a listener to the decoder in the writer thread. A frame is
// `<length> <receivedAt> <address> <message>`: the length of the message in UTF-16 units, when it was received in Unix
// ms, and the address of its sender, which holds no space. Frames follow one another with nothing between. A message
// may hold anything, line feeds too.

import { SYSLOG_MESSAGE_BYTES_MAX } from "./limits.ts";

/** One message as it came. */
export interface SyslogFrame {
  /** Unix ms, whole. */
  readonly receivedAt: number;
  /** Address of its sender. */
  readonly peer: string;
  readonly message: string;
}

/** Length, receipt and address, and the place of the message. */
const HEAD = /(\d{1,6}) (\d{1,16}) (\S{1,100}) /y;

/** A frame's text. */
export function writeFrame({ receivedAt, peer, message }: SyslogFrame): string {
  return `${message.length} ${receivedAt} ${peer} ${message}`;
}

/** The frames of a body; undefined where it is not made of frames. */
export function readFrames(body: string): SyslogFrame[] | undefined {
  const frames: SyslogFrame[] = [];
  HEAD.lastIndex = 0;
  while (HEAD.lastIndex < body.length) {
    const head = HEAD.exec(body);
    if (head === null) return undefined;
    const [, length, receivedAt, peer = ""] = head;
    const end = HEAD.lastIndex + Number(length);
    if (Number(length) > SYSLOG_MESSAGE_BYTES_MAX || end > body.length) return undefined;
    frames.push({ receivedAt: Number(receivedAt), peer, message: body.slice(HEAD.lastIndex, end) });
    HEAD.lastIndex = end;
  }
  return frames;
}
