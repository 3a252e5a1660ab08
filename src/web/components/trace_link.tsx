// A link from a key to its trace, over the page that it is on.

import type { ComponentChildren } from "preact";
import { useApp } from "../state/app_context.ts";
import { type TraceBeginning, traceParameters } from "../state/trace_address.ts";
import { AddressLink } from "./link.tsx";

interface TraceLinkProps {
  readonly of: TraceBeginning;
  readonly class?: string;
  /** It is part of a line that the keyboard reaches as a whole, so the tab key passes it by. */
  readonly isInLine?: boolean;
  readonly children: ComponentChildren;
}

/** A link to the trace of a key, around the time of what has it. */
export function TraceLink({ of, class: className, isInLine = false, children }: TraceLinkProps) {
  const { router } = useApp();
  const { page, parameters } = router.address.value;
  return (
    <AddressLink
      address={router.place(page, traceParameters(parameters, of))}
      title={`Trace of ${of.key ?? ""}`}
      {...(className === undefined ? {} : { class: className })}
      isInLine={isInLine}
    >
      {children}
    </AddressLink>
  );
}
