// Who really imports whom, room by room: what the README says is held against it.

import { OWNERS } from "./rules.ts";
import { importsOf, isOwnFile, packageOf, resolveImport, roomOf, type Sources } from "./sources.ts";

/** What the files of a room import: other rooms, and packages that have an owner, each in the order of the alphabet. */
export interface RoomImports {
  readonly rooms: readonly string[];
  readonly packages: readonly string[];
}

/** By room. */
export function roomImports(sources: Sources): Map<string, RoomImports> {
  const found = new Map<string, { rooms: Set<string>; packages: Set<string> }>();
  for (const source of sources.values()) {
    const room = roomOf(source.path);
    const imports = found.get(room) ?? { rooms: new Set(), packages: new Set() };
    found.set(room, imports);
    for (const { specifier } of importsOf(source)) {
      const other = isOwnFile(specifier) ? roomOf(resolveImport(source, specifier)) : undefined;
      if (other === undefined) {
        if (OWNERS[packageOf(specifier)] !== undefined) imports.packages.add(packageOf(specifier));
      } else if (other !== room) {
        imports.rooms.add(other);
      }
    }
  }
  const sorted = (names: ReadonlySet<string>) => [...names].sort();
  return new Map(
    [...found].map(([room, { rooms, packages }]) => [room, { rooms: sorted(rooms), packages: sorted(packages) }]),
  );
}
