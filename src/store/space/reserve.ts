// The reserve file, which only takes up room. On a full disk even deleting needs room for the WAL. Removing this file
// first makes enough room to delete old blocks and to give their space back.

import {
  closeSync,
  constants,
  existsSync,
  fsyncSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { DISK_RESERVE_BYTES } from "../../core/limits.ts";
import { freeBytes } from "../disk_space.ts";
import { makeBeside } from "../private_file.ts";

/** Free bytes that a store needs to come back: some groups and what their merge takes. */
const ROOM_BESIDE_BYTES = 4 * 1024 * 1024;
const RESERVE_SUFFIX = "-reserve";
const CHUNK_BYTES = 65_536;
const NO_LINK = constants.O_WRONLY | (constants.O_NOFOLLOW ?? 0);

export class ReserveFile {
  readonly #file: string;
  readonly #dataFile: string;

  constructor(dataFile: string) {
    this.#dataFile = dataFile;
    this.#file = dataFile + RESERVE_SUFFIX;
  }

  get isThere(): boolean {
    return existsSync(this.#file) && statSync(this.#file).size === DISK_RESERVE_BYTES;
  }

  /** Makes the whole file, or returns false when there is no room. */
  make(): boolean {
    if (this.isThere) return true;
    const partial = `${this.#file}.partial`;
    let handle: number | undefined;
    try {
      rmSync(partial, { force: true });
      makeBeside(this.#dataFile, partial);
      handle = openSync(partial, NO_LINK);
      const chunk = crypto.getRandomValues(new Uint8Array(CHUNK_BYTES));
      for (let written = 0; written < DISK_RESERVE_BYTES; written += chunk.length) writeFully(handle, chunk);
      fsyncSync(handle);
      closeSync(handle);
      handle = undefined;
      renameSync(partial, this.#file);
      return true;
    } catch {
      if (handle !== undefined) closeSync(handle);
      rmSync(partial, { force: true });
      return false;
    }
  }

  /**
   * Whether the disk has room beside the reserve. Without it a store that came back would fail at its next commit, and
   * seem ready for a moment again and again.
   */
  hasRoomBeside(): boolean {
    return freeBytes(this.#file) >= ROOM_BESIDE_BYTES;
  }

  /** Whether the disk has room for the reserve, and room beside it. */
  hasRoomForItself(): boolean {
    return freeBytes(this.#file) >= DISK_RESERVE_BYTES + ROOM_BESIDE_BYTES;
  }

  remove(): void {
    rmSync(this.#file, { force: true });
  }
}

/** Random bytes, so that a compressing file system keeps their room too. */
function writeFully(handle: number, chunk: Uint8Array): void {
  for (let at = 0; at < chunk.length; ) at += writeSync(handle, chunk, at, chunk.length - at);
}
