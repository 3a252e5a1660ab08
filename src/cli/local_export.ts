// An export of a data file. In: what is to be written, and how a record becomes a line. Out: text, at the reader's pace; what is damaged is
// told at once, block by block, while the export goes on, and in the end it is a failure.

import type { Clock } from "../core/clock.ts";
import { OperatingError } from "../core/errors.ts";
import type { QueryScope } from "../core/queries.ts";
import type { ShownRecord } from "../core/record.ts";
import { escapeControls } from "../core/terminal.ts";
import { isRefusal, refuseUnknownProject, resolveScope } from "../query/scan/scope.ts";
import { type ExportBlock, exportLines } from "../query/stream/export.ts";
import { BlockReader } from "../store/block_reader.ts";
import { isStoreError, openForReading } from "../store/database.ts";
import type { CliContext } from "./context.ts";
import type { WriteText } from "./export.ts";
import { Progress } from "./progress.ts";
import { refusalError } from "./source.ts";
import type { ReadableData } from "./tools.ts";

export interface LocalExportOptions {
  readonly local: ReadableData;
  readonly scope: QueryScope;
  readonly header: string;
  readonly lineOf: (record: ShownRecord) => string;
  readonly write: WriteText;
  readonly context: CliContext;
  readonly clock: Clock;
}

/** Characters that go to one write, about: large enough to be quick, small enough to hold. */
const WRITE_LENGTH = 256 * 1024;
/** Damaged blocks that are named one by one. */
const DAMAGED_NAMED_MAX = 20;

/** Throws OperatingError. */
export async function exportLocal({
  local,
  scope,
  header,
  lineOf,
  write,
  context,
  clock,
}: LocalExportOptions): Promise<void> {
  const { file, data, rules } = local;
  try {
    const reader = new BlockReader(openForReading(data.file, data.access));
    try {
      const understood = resolveScope(scope, rules, clock());
      const refusal = isRefusal(understood)
        ? understood
        : refuseUnknownProject(scope.project, rules, () => reader.projects());
      if (refusal !== undefined) throw refusalError(refusal, scope.q);
      if (isRefusal(understood)) return;
      const { project, from, to, search, shownFrom: expiredBefore } = understood;
      const damage = new Damage(context, reader.damagedZoneMaps());
      // On a terminal the records themselves show how far it is.
      const progress = context.isTerminal ? undefined : new Progress(context);
      const onDamaged = (block: ExportBlock, reason: string) => damage.report(block, reason);
      if (header !== "" && !(await write(header))) return;
      let count = 0;
      for (const lines of exportLines(reader, {
        filter: { project, from, to, search, expiredBefore },
        lineOf,
        onDamaged,
      })) {
        for (const text of chunksOf(lines)) if (!(await write(text))) return;
        count += lines.length;
        progress?.show(count, undefined, "records");
      }
      progress?.end();
      damage.throwIfAny(file);
    } finally {
      reader.close();
    }
  } catch (error) {
    if (!isStoreError(error)) throw error;
    throw new OperatingError("data_unreadable", `cannot read ${file}: ${error.message}`, { cause: error });
  } finally {
    data.release();
  }
}

function* chunksOf(lines: readonly string[]): Generator<string> {
  let text = "";
  for (const line of lines) {
    text += line;
    if (text.length < WRITE_LENGTH) continue;
    yield text;
    text = "";
  }
  if (text !== "") yield text;
}

class Damage {
  readonly #context: CliContext;
  #blocks = 0;
  #records = 0;

  constructor(context: CliContext, headers: readonly number[]) {
    this.#context = context;
    for (const block of headers) this.#count(0, `block ${block}: its header is damaged; its records may be missing`);
  }

  report(block: ExportBlock, reason: string): void {
    const { id, project, records, idMin, idMax } = block;
    const which = `block ${id} (project ${JSON.stringify(project)}, records: ${records}, ids ${idMin} to ${idMax})`;
    this.#count(records, `${which} is left out: ${reason}`);
  }

  throwIfAny(data: string): void {
    if (this.#blocks === 0) return;
    throw new OperatingError(
      "data_unreadable",
      `${data} is damaged: blocks left out: ${this.#blocks}, records in them: ${this.#records}; all others are exported; ` +
        "look after the disk, and take the missing records from a copy of the file",
    );
  }

  #count(records: number, message: string): void {
    this.#blocks++;
    this.#records += records;
    if (this.#blocks <= DAMAGED_NAMED_MAX) this.#context.stderr.write(`simplelogs: ${escapeControls(message)}\n`);
  }
}
