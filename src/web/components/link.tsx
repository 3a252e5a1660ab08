// The only file that makes <a>. A link leads to a page of the app, to a route of the server, or to the content. Its
// address is made of parts, never of text from a log, so no text can become an address.

import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import type { PageName } from "../../core/pages.ts";
import { useApp } from "../state/app_context.ts";
import { apiAddress, type Outcome, type QueryParameters } from "../state/query.ts";
import { type Address, formatAddress, type ParameterChanges } from "../state/router.ts";

interface LinkProps {
  readonly page: PageName;
  /** Parameters beside the project and the time range, which stay. "" removes one of these. */
  readonly parameters?: ParameterChanges | undefined;
  readonly class?: string;
  readonly title?: string;
  readonly current?: boolean;
  readonly children: ComponentChildren;
}

/** A link to a page, with the chosen project and time range. */
export function Link({ page, parameters, current, ...props }: LinkProps) {
  const { router } = useApp();
  return (
    <AddressLink address={router.place(page, parameters)} current={current === true ? "page" : undefined} {...props} />
  );
}

interface AddressLinkProps {
  readonly address: Address;
  readonly current?: "page" | "true" | undefined;
  readonly class?: string;
  readonly title?: string;
  /** It is part of a line that is pressed as a whole: the tab key passes it by, and the line is not pressed with it. */
  readonly isInLine?: boolean | undefined;
  /** Called before the address is opened. */
  readonly onOpen?: (() => void) | undefined;
  readonly children: ComponentChildren;
}

/** A link to an address of the app as it is. */
export function AddressLink(props: AddressLinkProps) {
  const { address, current, class: className, title, isInLine, onOpen, children } = props;
  const { router } = useApp();
  const follow = (event: MouseEvent) => {
    if (isInLine === true) event.stopPropagation();
    // The browser itself opens tabs and windows.
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey || event.button !== 0) return;
    event.preventDefault();
    onOpen?.();
    router.go(address);
  };
  return (
    <a
      href={formatAddress(address)}
      class={className}
      title={title}
      aria-current={current}
      tabIndex={isInLine === true ? -1 : undefined}
      onClick={follow}
    >
      {children}
    </a>
  );
}

interface DownloadLinkProps {
  /** A route of the read API. */
  readonly path: "/api/v1/export";
  readonly parameters: QueryParameters;
  /** The file's name when the server gives none. */
  readonly fileName: string;
  /** Requests the address with a ticket in it, when the link is followed. */
  readonly requestAddress: (path: string, parameters: QueryParameters) => Promise<Outcome<string>>;
  readonly class?: string;
  readonly children: ComponentChildren;
}

/** Saves a route's response as a file. The browser streams it. */
export function DownloadLink(props: DownloadLinkProps) {
  const { path, parameters, fileName, requestAddress, class: className, children } = props;
  const problem = useSignal("");
  const follow = async () => {
    const outcome = await requestAddress(path, parameters);
    problem.value = outcome.ok ? "" : outcome.problem.message;
    if (!outcome.ok) return;
    const link = document.createElement("a");
    link.href = outcome.value;
    link.download = fileName;
    link.click();
  };
  return (
    <>
      <a
        href={apiAddress(path, parameters)}
        download={fileName}
        class={className}
        onClick={(event) => {
          event.preventDefault();
          void follow();
        }}
      >
        {children}
      </a>
      {problem.value === "" ? null : (
        <p class="field-problem" role="alert">
          {problem.value}
        </p>
      )}
    </>
  );
}

/** The first link that the tab key reaches: it skips the navigation. */
export function SkipLink({ target }: { readonly target: string }) {
  const skip = (event: MouseEvent) => {
    event.preventDefault();
    document.getElementById(target)?.focus();
  };
  return (
    <a class="skip-link" href={`#${target}`} onClick={skip}>
      Skip to content
    </a>
  );
}
