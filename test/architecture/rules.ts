// The rules of the house as data: which room may import which, and who owns each dependency. A room is a folder of
// src/; the files directly in src/ (main.ts, app.ts) are rooms of their own, since they join the others.

/** Everything that has a place, and whom it may import beside itself. A room that is not listed here is not allowed. */
export const ROOMS: Readonly<Record<string, readonly string[]>> = {
  core: [],
  runtime: ["core"],
  block: ["core", "runtime"],
  log: ["core", "runtime"],
  config: ["core", "runtime", "search"],
  http: ["core", "runtime"],
  syslog: ["core"],
  queue: ["core", "runtime"],
  // The search language, from text to expression: pure, so the app uses it too.
  search: ["core"],
  // What one transaction writes and a start restores: where ingest hands over to store.
  commit: ["core", "block"],
  // From a body in the form of a protocol to entries: what the writer does with a body before anything else.
  decode: ["core", "runtime"],
  ingest: ["core", "runtime", "block", "commit", "decode"],
  store: ["core", "runtime", "block", "commit"],
  query: ["core", "runtime", "block", "search"],
  // The only room that knows ClickHouse's SQL. Nothing of it is loaded where the configuration has no [clickhouse].
  clickhouse: ["core", "runtime", "block", "search", "commit", "query"],
  // Rules over the search language, their state, and the destinations that are told. On the main thread.
  alerts: ["core", "runtime", "search"],
  web: ["core", "search"],
  // Runs with applications, not here: it shares nothing with the server but the types of an entry.
  client: ["core"],
  threads: [
    "core",
    "runtime",
    "block",
    "log",
    "config",
    "queue",
    "search",
    "commit",
    "decode",
    "ingest",
    "store",
    "query",
    "clickhouse",
  ],
  "app.ts": [
    "core",
    "runtime",
    "block",
    "log",
    "config",
    "http",
    "queue",
    "search",
    "commit",
    "decode",
    "ingest",
    "store",
    "query",
    "clickhouse",
    "syslog",
    "alerts",
    "threads",
    "web",
  ],
  cli: [
    "core",
    "runtime",
    "block",
    "log",
    "config",
    "http",
    "queue",
    "search",
    "commit",
    "decode",
    "ingest",
    "store",
    "query",
    "clickhouse",
    "syslog",
    "alerts",
    "threads",
    "app.ts",
  ],
  "main.ts": ["core", "runtime", "log", "config", "cli", "app.ts"],
};

/** Rooms whose folders may still import one another in a circle. The list only shrinks. */
export const CIRCULAR_ROOMS: readonly string[] = [];

/** A package, or a module of a runtime, by name: the rooms that may import it. */
export const OWNERS: Readonly<Record<string, readonly string[]>> = {
  "@logtape/logtape": ["log"],
  "@preact/signals": ["web"],
  // The schema language of the whole house: the wire format, the configuration, the routes.
  "@sinclair/typebox": ["core", "config", "http", "ingest"],
  "@tanstack/virtual-core": ["web"],
  "bun:sqlite": ["runtime"],
  commander: ["cli"],
  elysia: ["http"],
  "eventsource-parser": ["cli", "web"],
  "node:sqlite": ["runtime"],
  nodemailer: ["alerts"],
  preact: ["web"],
  "prom-client": ["http"],
  "toml-eslint-parser": ["config"],
  uplot: ["web"],
  "web-vitals": ["client"],
};

/** Rooms that import no module of the standard library: they are pure. */
export const PURE_ROOMS: readonly string[] = ["core"];

/** What only the twins of that runtime may name: there the differences between Bun and Deno are settled. */
export const RUNTIME_GLOBALS: readonly string[] = ["Bun", "Deno"];

/** How a twin is imported: package.json's "imports" lead each runtime to its own. */
export const TWIN_ALIAS = "#runtime/";
/** A file that is in one of these folders is in both, with the same exports: global of the runtime to folder. */
export const TWIN_FOLDERS: Readonly<Record<string, string>> = { Bun: "src/runtime/bun", Deno: "src/runtime/deno" };

/** What these modules and globals give touches the world, or differs from run to run: never while a module loads. */
export const EFFECT_GLOBALS: ReadonlySet<string> = new Set([
  ..."process console fetch crypto performance Date Worker SharedWorker WebSocket BroadcastChannel MessageChannel".split(
    " ",
  ),
  ..."setTimeout setInterval setImmediate queueMicrotask postMessage addEventListener self globalThis".split(" "),
  ..."window document navigator location history localStorage sessionStorage matchMedia".split(" "),
  ...RUNTIME_GLOBALS,
]);

/** Turn text into markup, script or style: a text from a log would run. */
export const MARKUP_NAMES: ReadonlySet<string> = new Set([
  ..."dangerouslySetInnerHTML innerHTML outerHTML insertAdjacentHTML srcdoc srcDoc setHTMLUnsafe".split(" "),
  ..."createContextualFragment DOMParser parseFromString eval Function cssText insertRule".split(" "),
]);

/** In the app, an address is made of parts and only here: a text from a log never becomes one. */
export const LINK_FILE = "src/web/components/link.tsx";
/** Elements and attributes that lead somewhere, or load something. */
export const LINK_ELEMENTS: ReadonlySet<string> = new Set(
  "a area base embed form iframe img link object script".split(" "),
);
/** A form without an address submits to a handler. */
export const LINK_ATTRIBUTES: ReadonlySet<string> = new Set(
  "href src action formAction formaction xlinkHref xlink:href poster ping".split(" "),
);

/** What only computes a value: all of a package, or these of its exports. */
export const PURE_IMPORTS: Readonly<Record<string, readonly string[] | "all">> = {
  "@sinclair/typebox": "all",
  "node:async_hooks": ["AsyncLocalStorage"],
  "node:crypto": ["createHash", "timingSafeEqual"],
  "node:net": ["isIP", "isIPv4", "isIPv6"],
  "node:path": "all",
  preact: ["createContext"],
};

/** Where a process or a thread begins: these files alone work when they are loaded. */
export const ENTRY_POINTS: readonly string[] = [
  "src/main.ts",
  "src/threads/writer/writer.ts",
  "src/threads/compactor/compactor.ts",
  "src/threads/shipper/shipper.ts",
  "src/threads/reader/reader.ts",
  "src/web/main.tsx",
  "src/client/browser.ts",
  "src/client/deferred.ts",
  "src/client/esm.ts",
  "src/client/node.ts",
  "src/client/vitals.ts",
];

/** The top of what one file may hold; most have 100 to 400 lines. */
export const FILE_LINES_MAX = 500;

/** Names that say nothing about what is inside. */
export const EMPTY_NAMES: readonly string[] = [
  "util",
  "utils",
  "helper",
  "helpers",
  "common",
  "misc",
  "shared",
  "index",
];

/** What keeps a test from running, or all others. */
export const TEST_MODIFIERS: readonly string[] = ["skip", "skipIf", "only", "todo", "todoIf", "if", "failing"];

/** Tests of pages in a real browser, which change while a test looks at them. */
export const PAGE_TESTS: readonly string[] = ["test/browser/"];
/** What a page or a part of it answers at once, as it is at that moment. */
export const PAGE_READS: ReadonlySet<string> = new Set([
  ..."innerText allInnerTexts textContent allTextContents innerHTML inputValue getAttribute count".split(" "),
  ..."isVisible isHidden isChecked isDisabled isEnabled isEditable".split(" "),
]);
/** What takes a read as a function, and repeats it. */
export const REPEATED_READS: ReadonlySet<string> = new Set(["expectSoon", "eventually"]);
