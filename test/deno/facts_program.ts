// Runs on Deno: what its own twins answer, as JSON on standard output. Argument: an empty folder.

import { hashText } from "#runtime/hash.ts";
import { openDatabase, sqliteCode } from "#runtime/sqlite.ts";
import { textWidth } from "#runtime/text_width.ts";
import { driverFacts } from "../support/driver_facts.ts";

const [folder = ""] = process.argv.slice(2);
console.log(
  JSON.stringify({
    sqlite: driverFacts({ openDatabase, sqliteCode }, folder),
    hash: ["", "a", "Grüße 👍"].map((text) => [...hashText(text, 0x0706_0504_0302_0100n)]),
    width: ["", "日本語 ok", "👨‍👩‍👧‍👦"].map(textWidth),
  }),
);
