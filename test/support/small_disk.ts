// A file system of a few megabytes, to be filled. Needs root, as CI containers are; elsewhere its tests fail and say
// so.

import { spawnSync } from "node:child_process";
import { appendFileSync, mkdtempSync, rmdirSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

function mustRun(program: string, ...commandLine: string[]): void {
  const { status, stderr, error } = spawnSync(program, commandLine, { encoding: "utf8" });
  if (status === 0) return;
  const cause = error?.message ?? stderr.trim();
  throw new Error(
    `cannot run ${program} ${commandLine.join(" ")}: ${cause}; tests of a full disk need root to mount one`,
  );
}

export class SmallDisk {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  get freeBytes(): number {
    const { bavail, bsize } = statfsSync(this.folder);
    return bavail * bsize;
  }

  /** Takes up room, so that it can be given back. */
  addBallast(bytes: number): void {
    writeFileSync(join(this.folder, "ballast"), new Uint8Array(bytes));
  }

  /** Takes up so much more, or as much as there is. */
  growBallast(bytes: number): void {
    try {
      appendFileSync(join(this.folder, "ballast"), new Uint8Array(bytes));
    } catch (error) {
      // Somebody else was faster.
      if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
    }
  }

  removeBallast(): void {
    rmSync(join(this.folder, "ballast"));
  }
}

/** Mounts a disk of so many bytes, gives it to `work`, and unmounts and removes it afterwards. */
export async function withSmallDisk<T>(bytes: number, work: (disk: SmallDisk) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "simplelogs-disk-"));
  mustRun("mount", "-t", "tmpfs", "-o", `size=${bytes}`, "tmpfs", folder);
  try {
    return await work(new SmallDisk(folder));
  } finally {
    mustRun("umount", "--lazy", folder);
    rmdirSync(folder);
  }
}
