// A search in which equal terms are one object, so that each is evaluated once, and no list has a member twice.

import type { Expression, Term } from "./expression.ts";

/** The same search. Its depth is bounded by SEARCH_DEPTH_MAX. */
export function shareEqualTerms(search: Expression): Expression {
  const terms = new Map<string, Term>();
  return shared(search, terms);
}

function shared(search: Expression, terms: Map<string, Term>): Expression {
  if (search.kind === "not") return { kind: "not", member: shared(search.member, terms) };
  if (search.kind === "and" || search.kind === "or") {
    const members = new Map<string, Expression>();
    for (const member of search.members) {
      const name = nameOf(member);
      if (!members.has(name)) members.set(name, shared(member, terms));
    }
    const [first, ...others] = members.values();
    if (first === undefined || others.length > 0) return { kind: search.kind, members: [...members.values()] };
    return first;
  }
  if (search.kind === "all") return search;
  const name = nameOf(search);
  const known = terms.get(name) ?? search;
  terms.set(name, known);
  return known;
}

/** What two expressions share only if they mean the same; JSON has no infinite numbers, which ranges have. */
function nameOf(expression: Expression): string {
  return JSON.stringify(expression, (_name, value: unknown) => (typeof value === "number" ? String(value) : value));
}
