// Attacks with connections, with bodies that stall, are bombs or nest deeply, and with the configuration.

import { gzipSync } from "node:zlib";
import type { Random } from "../../../test/support/random.ts";
import { bombsOf } from "../../../test/support/raw_bombs.ts";
import {
  answered,
  closeClients,
  openClients,
  requestBytes,
  sendUnfinished,
  trickle,
} from "../../../test/support/raw_clients.ts";
import { collidingName, objectText, ordinaryName } from "../../../test/support/raw_collisions.ts";
import { nestedArrays, nestedMetadata } from "../../../test/support/raw_json.ts";
import { processState } from "../../../test/support/raw_probe.ts";
import { stormOf } from "../../../test/support/raw_storm.ts";
import type { TestServer } from "../../../test/support/server.ts";
import { type Attack, bodyOf, countOf, type Force, type Outcome, post, unexpected } from "./attack.ts";

/** The default of max_body. */
const BODY_BYTES = 5 * 1024 * 1024;
/** Colliding names may cost so many times what as many others cost. */
const FLOOD_RATIO_MAX = 5;
/** A reload may leave so much memory, in kB: the fourth part of what one configuration takes. */
const RELOAD_KB_MAX = 40;

async function crowd(server: TestServer, { connections, seconds }: Force): Promise<Outcome> {
  const idle = await openClients(server, connections);
  const slow = await openClients(server, Math.floor(connections / 10));
  // Half of them never come to the end of their heads in this time, the others are given them at once.
  const bytesOf = (index: number) => requestBytes(`slow ${index}`, index % 4 === 0 ? "length" : "chunks");
  const headBytes = (index: number) => (index % 2 === 0 ? 0 : bytesOf(index).indexOf("\r\n\r\n") + 4);
  for (const [index, { socket }] of slow.entries()) socket.write(bytesOf(index).subarray(0, headBytes(index)));
  const untilMs = performance.now() + seconds * 1_000;
  const isOver = () => performance.now() > untilMs;
  await trickle(slow, (index) => bytesOf(index).subarray(headBytes(index), -1), 1_000, isOver);
  const { peakMb } = processState(server.pid);
  const [silent, talking] = [idle, slow].map((clients) => clients.filter(({ isClosed }) => !isClosed).length);
  const answers = answered([...idle, ...slow]);
  closeClients([...idle, ...slow]);
  const notes = `${idle.length} idle connections (${silent} left at the end), ${slow.length} slow ones (${talking} left), ${peakMb} MB`;
  return { notes, broken: unexpected(answers, ["none"]), stored: 0 };
}

async function stall(server: TestServer, { connections }: Force): Promise<Outcome> {
  const stalled = await openClients(server, Math.floor(connections / 20));
  const forms = ["length", "chunks", "gzip"];
  for (const [index, form] of forms.entries()) {
    await sendUnfinished(
      stalled.filter((_, at) => at % forms.length === index),
      form,
      BODY_BYTES,
    );
  }
  const answers = answered(stalled);
  const { peakMb } = processState(server.pid);
  closeClients(stalled);
  const sentMb = Math.round((stalled.length * BODY_BYTES) / 1e6);
  const broken = unexpected(answers, ["none", "503"]);
  if (peakMb > 800) broken.push(`it took ${peakMb} MB to hold bodies that stall`);
  return { notes: `${sentMb} MB in bodies without an end: ${JSON.stringify(answers)}`, broken, stored: 0 };
}

async function bombs(server: TestServer): Promise<Outcome> {
  const all = bombsOf(200_000_000).filter(({ bytes }) => bytes.length < BODY_BYTES);
  const answers: number[] = [];
  for (let round = 0; round < 20; round++) {
    const sent = all.flatMap(({ encoding, bytes }) => Array.from({ length: 8 }, () => post(server, bytes, encoding)));
    for (const { status } of await Promise.all(sent)) answers.push(status);
  }
  const notes = `${answers.length} bombs of 200 MB: ${JSON.stringify(countOf(answers))}`;
  return { notes, broken: unexpected(countOf(answers), ["413"]), stored: 0 };
}

async function depth(server: TestServer): Promise<Outcome> {
  const deep = [50_000, 200_000, 800_000].flatMap((levels) => [
    bodyOf(`{"metadata":${nestedMetadata(levels)}}`),
    bodyOf(`{"metadata":{"a":${nestedArrays(levels)}}}`),
    nestedArrays(levels),
    "[".repeat(levels * 6),
    bodyOf(Array.from({ length: 20 }, () => `{"metadata":${nestedMetadata(levels / 20)}}`).join()),
  ]);
  const answers: number[] = [];
  for (let round = 0; round < 5; round++)
    for (const body of deep) answers.push((await post(server, gzipSync(body), "gzip")).status);
  const notes = `${answers.length} bodies of up to 5 million levels: ${JSON.stringify(countOf(answers))}`;
  return { notes, broken: unexpected(countOf(answers), ["202", "400", "401", "422"]), stored: 0 };
}

async function floods(server: TestServer, { random }: Force): Promise<Outcome> {
  const timed = async (make: (random: Random) => string): Promise<{ ms: number; answers: number[] }> => {
    const answers: number[] = [];
    let ms = 0;
    for (let round = 0; round < 5; round++) {
      const body = bodyOf(
        `{"message":"flood","metadata":${objectText(Array.from({ length: 50_000 }, () => make(random)))}}`,
      );
      const sent = await post(server, body);
      answers.push(sent.status);
      ms += sent.ms;
    }
    return { ms: ms / 5, answers };
  };
  const [ordinary, colliding] = [await timed(ordinaryName), await timed(collidingName)];
  const ratio = colliding.ms / ordinary.ms;
  const broken = [
    ...unexpected(countOf(ordinary.answers), ["202"]),
    ...unexpected(countOf(colliding.answers), ["422"]),
  ];
  if (ratio > FLOOD_RATIO_MAX) broken.push(`names with one hash take ${ratio.toFixed(1)} times as long`);
  const notes = `50,000 names: ${ordinary.ms.toFixed(0)} ms; with one hash: ${colliding.ms.toFixed(0)} ms, ratio ${ratio.toFixed(2)}`;
  return { notes, broken, stored: ordinary.answers.length };
}

async function reloads(server: TestServer, force: Force): Promise<Outcome> {
  const rounds = Math.floor(force.reloads / 2);
  // What is kept for the first time is kept once.
  const first = await stormOf(server, rounds);
  const middle = processState(server.pid);
  const second = await stormOf(server, rounds, rounds);
  const after = processState(server.pid);
  const kbEach = ((after.residentMb - middle.residentMb) * 1024) / rounds;
  const broken = [...first.wrong, ...second.wrong];
  if (kbEach > RELOAD_KB_MAX) broken.push(`each reload leaves ${kbEach.toFixed(1)} kB`);
  if (after.handles > middle.handles + 5) broken.push(`${after.handles} handles after, ${middle.handles} between`);
  const notes = `${2 * rounds} rewrites in ${(first.seconds + second.seconds).toFixed(1)} s: ${middle.residentMb} MB, then ${after.residentMb} MB`;
  return { notes, broken, stored: first.accepted + second.accepted };
}

export const CONNECTION_ATTACKS: readonly Attack[] = [
  { name: "crowd", about: "connections that say nothing, and others that say a byte a second", run: crowd },
  { name: "stall", about: "large bodies that stop before their last byte", run: stall },
  { name: "bombs", about: "compression bombs in every coding, a hundred at once", run: bombs },
  { name: "depth", about: "JSON nested millions of levels deep, compressed", run: depth },
  { name: "floods", about: "names of members that have one hash", run: floods },
  { name: "reloads", about: "the configuration rewritten all the time, every other time to nonsense", run: reloads },
];
