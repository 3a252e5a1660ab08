// The address as state: reading it subscribes, changing it moves the browser's history. One for the life of the app.

import { type ReadonlySignal, type Signal, signal } from "@preact/signals";
import type { PageName } from "../../core/pages.ts";
import {
  type Address,
  changeParameters,
  formatAddress,
  type ParameterChanges,
  parseAddress,
  scopeOf,
} from "./address.ts";

/** "push" makes an entry that the back button returns to; "replace" is for what changes while somebody types or drags. */
export type Move = "push" | "replace";

/** The part of a window that holds the address. */
export interface AddressBar {
  readonly location: Pick<Location, "pathname" | "search">;
  readonly history: Pick<History, "pushState" | "replaceState">;
  addEventListener(type: "popstate", listener: () => void): void;
}

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

  /** A page with these parameters, in the project and the range that are chosen now. */
  place(page: PageName, parameters: ParameterChanges = {}): Address {
    return { page, parameters: changeParameters(scopeOf(this.#address.value.parameters), parameters) };
  }

  go(address: Address, move: Move = "push"): void {
    const text = formatAddress(address);
    if (text === formatAddress(this.#address.peek())) return;
    if (move === "push") this.#bar.history.pushState(null, "", text);
    else this.#bar.history.replaceState(null, "", text);
    this.#address.value = address;
  }

  /** Stays on the page, with some parameters changed. */
  change(changes: ParameterChanges, move: Move = "push"): void {
    const { page, parameters } = this.#address.peek();
    this.go({ page, parameters: changeParameters(parameters, changes) }, move);
  }
}
