// An export from a running server: its text as it comes, exact where a program reads it, escaped on a terminal.

import type { ExportRequest } from "../core/queries.ts";
import { escapeControls, escapeControlsInJson } from "../core/terminal.ts";
import type { CliContext } from "./context.ts";
import type { WriteText } from "./export.ts";
import { Progress } from "./progress.ts";
import type { RemoteServer } from "./remote_server.ts";
import { scopeParameters, withSearch } from "./remote_source.ts";

/** Throws OperatingError. */
export async function exportRemote(
  server: RemoteServer,
  { format, scope }: ExportRequest,
  { context, write }: { readonly context: CliContext; readonly write: WriteText },
): Promise<void> {
  const kind = format === "spreadsheet" ? { format: "csv", csv: format } : { format };
  const parameters = { ...kind, ...scopeParameters(scope) };
  const texts = await withSearch(scope.q, server.texts("/api/v1/export", parameters));
  const shown = context.isTerminal ? new ShownLines(format) : undefined;
  const progress = context.isTerminal ? undefined : new Progress(context);
  let count = 0;
  for await (const text of texts) {
    if (!(await write(shown?.take(text) ?? text))) return;
    count += text.length;
    progress?.show(count, undefined, "characters");
  }
  await write(shown?.end() ?? "");
  progress?.end();
}

/** Lines for a terminal, from pieces of text that end anywhere. */
class ShownLines {
  readonly #escape: (text: string) => string;
  /** Whether "\n" follows is not known yet. */
  #held = "";

  constructor(format: ExportRequest["format"]) {
    this.#escape = format === "ndjson" ? escapeControlsInJson : escapeControls;
  }

  take(piece: string): string {
    const text = this.#held + piece;
    const isHeld = text.endsWith("\r");
    this.#held = isHeld ? "\r" : "";
    return this.#lines(isHeld ? text.slice(0, -1) : text);
  }

  end(): string {
    return this.#escape(this.#held);
  }

  #lines(text: string): string {
    return text.split(/\r?\n/).map(this.#escape).join("\n");
  }
}
