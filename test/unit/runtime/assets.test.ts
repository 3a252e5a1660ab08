// The pack of the app: what the build puts in comes out, byte by byte.

import { describe, expect, test } from "bun:test";
import { type AppFile, packFiles, unpackFiles } from "../../../src/runtime/assets.ts";

describe("the pack of the app", () => {
  test("gives back each file with its bodies", () => {
    const every = Uint8Array.from({ length: 256 }, (_, index) => index);
    const files: readonly AppFile[] = [
      { path: "/a.js", type: "text/javascript", isImmutable: true, bodies: { br: every, identity: new Uint8Array(0) } },
      { path: "/index.html", type: "text/html", isImmutable: false, bodies: { identity: every } },
    ];
    expect(unpackFiles(packFiles(files))).toEqual(files);
  });
});
