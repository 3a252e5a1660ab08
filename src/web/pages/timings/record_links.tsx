// From a timing to where it belongs: its touchpoint on this page, and its logs by key.

import { Link } from "../../components/link.tsx";
import { quote } from "./selection.ts";
import { showing, useTimingsView } from "./view_state.ts";

/** To the figures of a touchpoint; undefined: the timing has none. */
export function TouchpointLink({ name }: { readonly name: string | undefined }) {
  const { place } = useTimingsView();
  if (name === undefined || name === "") return <span class="muted">none</span>;
  return (
    <Link
      page="timings"
      parameters={place({ ...showing({ kind: "touchpoint", name }), tab: undefined })}
      class="timings-name"
      title={name}
    >
      {name}
    </Link>
  );
}

/** To everything that has the same correlation key. */
export function KeyLink({ name }: { readonly name: string | undefined }) {
  if (name === undefined || name === "") return <span class="muted">none</span>;
  return (
    <Link page="logs" parameters={{ q: `key:${quote(name)}` }} class="timings-name code" title={`Logs of ${name}`}>
      {name}
    </Link>
  );
}

/** A message, cut to one line; whole when the pointer rests on it. */
export function MessageText({ text = "" }: { readonly text: string | undefined }) {
  return (
    <span class="timings-message muted" title={text}>
      {text}
    </span>
  );
}
