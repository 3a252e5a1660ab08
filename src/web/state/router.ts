// The address bar as state: the page and its parameters. Everything that a page shows is in its address, so a link can
// be shared. Reading the address subscribes; changing it moves the browser's history. Parsing and formatting are
// inverse, and an empty parameter is an absent one.

import { type ReadonlySignal, type Signal, signal } from "@preact/signals";
import { PAGE_NAMES, PAGE_PATHS, type PageName } from "../../core/pages.ts";

/** Parameters by name. Absent and "" are the same. */
export type Parameters = Readonly<Record<string, string>>;

/** A page and its parameters. */
export interface Address {
  readonly page: PageName;
  readonly parameters: Parameters;
  /** A path that is no page's: it is shown as such, and `page` means nothing. */
  readonly unknownPath?: string;
}

/** Parameters to set. Undefined or "" removes one. */
export type ParameterChanges = Readonly<Record<string, string | undefined>>;

/** Parameters of the whole app: they stay when the page changes. */
const SCOPE_PARAMETERS = ["project", "from", "to", "clocks", "compare"] as const;

/** These come first in an address. The others follow by name. */
const FIRST_PARAMETERS: readonly string[] = [...SCOPE_PARAMETERS, "q"];

/** The address of a path and a query string ("?q=a"). */
export function parseAddress(path: string, search: string): Address {
  const plain = path.length > 1 ? path.replace(/\/+$/, "") : path;
  const page = PAGE_NAMES.find((name) => PAGE_PATHS[name] === plain);
  const parameters: Record<string, string> = {};
  for (const [name, value] of new URLSearchParams(search)) {
    if (value !== "" && !Object.hasOwn(parameters, name)) define(parameters, name, value);
  }
  return page === undefined ? { page: "overview", parameters, unknownPath: path } : { page, parameters };
}

/** Path and query string. */
export function formatAddress({ page, parameters, unknownPath }: Address): string {
  const names = Object.keys(parameters).filter((name) => parameters[name] !== "");
  names.sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
  const search = names.map((name) => `${encode(name)}=${encode(parameters[name] ?? "")}`).join("&");
  const path = unknownPath ?? PAGE_PATHS[page];
  return search === "" ? path : `${path}?${search}`;
}

/** The parameters with some of them changed. */
export function changeParameters(parameters: Parameters, changes: ParameterChanges): Parameters {
  const changed: Record<string, string> = {};
  for (const [name, value] of Object.entries({ ...parameters, ...changes })) {
    if (value !== undefined && value !== "") define(changed, name, value);
  }
  return changed;
}

/** The parameters that every page keeps. */
export function scopeOf(parameters: Parameters): Parameters {
  return changeParameters(
    {},
    Object.fromEntries(SCOPE_PARAMETERS.map((name) => [name, Object.hasOwn(parameters, name) ? parameters[name] : ""])),
  );
}

/** "__proto__" is a name like any other. */
function define(parameters: Record<string, string>, name: string, value: string): void {
  Object.defineProperty(parameters, name, { value, enumerable: true, configurable: true, writable: true });
}

function rank(name: string): number {
  const at = FIRST_PARAMETERS.indexOf(name);
  return at === -1 ? FIRST_PARAMETERS.length : at;
}

/** Escapes as little as possible, so that "touchpoint:api/orders level:error" stays legible. */
function encode(text: string): string {
  return encodeURIComponent(text.toWellFormed())
    .replaceAll("%20", "+")
    .replaceAll(/%(?:3A|2F|2C|40|3B|24)/g, (escaped) => decodeURIComponent(escaped));
}

/** "push" adds an entry for the back button. "replace" is for changes while the user types or drags. */
export type Move = "push" | "replace";

/** The part of a window that holds the address. */
export interface AddressBar {
  readonly location: Pick<Location, "pathname" | "search">;
  readonly history: Pick<History, "pushState" | "replaceState">;
  addEventListener(type: "popstate", listener: () => void): void;
}

/** The app's address. One for the life of the app. */
export class Router {
  readonly #bar: AddressBar;
  readonly #address: Signal<Address>;

  constructor(bar: AddressBar) {
    this.#bar = bar;
    this.#address = signal(parseAddress(bar.location.pathname, bar.location.search));
    bar.addEventListener("popstate", () => {
      this.#address.value = parseAddress(bar.location.pathname, bar.location.search);
    });
  }

  get address(): ReadonlySignal<Address> {
    return this.#address;
  }

  /** The address of a page with these parameters and the chosen scope. */
  place(page: PageName, parameters: ParameterChanges = {}): Address {
    return { page, parameters: changeParameters(scopeOf(this.#address.value.parameters), parameters) };
  }

  /** Opens an address. Does nothing when it is the current one. */
  go(address: Address, move: Move = "push"): void {
    const text = formatAddress(address);
    if (text === formatAddress(this.#address.peek())) return;
    if (move === "push") this.#bar.history.pushState(null, "", text);
    else this.#bar.history.replaceState(null, "", text);
    this.#address.value = address;
  }

  /** Changes parameters of the current page. */
  change(changes: ParameterChanges, move: Move = "push"): void {
    const address = this.#address.peek();
    this.go({ ...address, parameters: changeParameters(address.parameters, changes) }, move);
  }
}
