// The settings that the configuration's schema knows, each under the name that the README uses, with its default.

import { OptionalKind, type TSchema, TypeGuard } from "@sinclair/typebox";
import { FileSchema } from "../../../src/config/schema.ts";

/** A default as the README's table says it: "none" for an optional setting, "required" for one that must be given. */
export type ShownDefault = { readonly value: unknown } | "none" | "required";

/** "queue.entries", "keys.name", "projects.NAME.retention" and so on, in the order of the file. */
export function schemaSettings(): Map<string, ShownDefault> {
  const settings = new Map<string, ShownDefault>();
  collect(FileSchema, "", settings);
  return settings;
}

function collect(schema: TSchema, prefix: string, settings: Map<string, ShownDefault>): void {
  if (!TypeGuard.IsObject(schema)) throw new Error(`${prefix} is no table`);
  for (const [name, setting] of Object.entries<TSchema>(schema.properties)) {
    const path = `${prefix}${name}`;
    if (setting["deprecated"] === true) continue;
    const project = TypeGuard.IsRecord(setting) ? Object.values(setting.patternProperties)[0] : undefined;
    if (project !== undefined && TypeGuard.IsObject(project)) collect(project, `${path}.NAME.`, settings);
    else if (TypeGuard.IsArray(setting) && TypeGuard.IsObject(setting.items))
      collect(setting.items, `${path}.`, settings);
    else if (TypeGuard.IsObject(setting)) collect(setting, `${path}.`, settings);
    else settings.set(path, defaultOf(setting));
  }
}

function defaultOf(setting: TSchema): ShownDefault {
  const value: unknown = setting["default"];
  if (value !== undefined) return { value };
  return OptionalKind in setting ? "none" : "required";
}
