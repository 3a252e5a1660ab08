// Who really imports whom, by room and by folder. The page on the architecture is compared with the rooms; no folders
// may form a circle.

import { posix } from "node:path";
import { OWNERS } from "./rules.ts";
import { importsOf, isOwnFile, packageOf, place, resolveImport, roomOf, type Sources } from "./sources.ts";

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

/** One import that leads from a folder into another one. */
export interface FolderArrow {
  readonly from: string;
  readonly to: string;
  /** `path:line imports path`, of one import of the kind. */
  readonly example: string;
}

/** The folder of a file; a file directly in src/ stands for itself, since it joins the others. */
function folderOf(path: string): string {
  const folder = posix.dirname(path);
  return folder === "src" ? path : folder;
}

/** By folder, its arrows to other folders, one for each. */
function folderArrows(sources: Sources): Map<string, Map<string, FolderArrow>> {
  const arrows = new Map<string, Map<string, FolderArrow>>();
  for (const source of sources.values()) {
    const from = folderOf(source.path);
    const others = arrows.get(from) ?? new Map<string, FolderArrow>();
    arrows.set(from, others);
    for (const { specifier, node } of importsOf(source)) {
      if (!isOwnFile(specifier)) continue;
      const target = resolveImport(source, specifier);
      const to = folderOf(target);
      if (to === from || others.has(to)) continue;
      others.set(to, { from, to, example: `${place(source, node)} imports ${target}` });
    }
  }
  return arrows;
}

/** The shortest way from a folder back to itself, or undefined where there is none. */
function shortestCircle(arrows: ReadonlyMap<string, ReadonlyMap<string, FolderArrow>>, start: string) {
  const ways = new Map<string, readonly FolderArrow[]>([[start, []]]);
  // A Map visits what is added while it is visited.
  for (const [folder, way] of ways) {
    for (const arrow of arrows.get(folder)?.values() ?? []) {
      if (arrow.to === start) return [...way, arrow];
      if (!ways.has(arrow.to)) ways.set(arrow.to, [...way, arrow]);
    }
  }
  return undefined;
}

/** Circles of folders, each by its arrows: for each folder that is in one the shortest, and no circle twice. */
export function folderCircles(sources: Sources): (readonly FolderArrow[])[] {
  const arrows = folderArrows(sources);
  const circles = new Map<string, readonly FolderArrow[]>();
  for (const folder of [...arrows.keys()].sort()) {
    const circle = shortestCircle(arrows, folder);
    if (circle === undefined) continue;
    const folders = circle.map(({ from }) => from).sort();
    if (!circles.has(folders.join())) circles.set(folders.join(), circle);
  }
  return [...circles.values()];
}
