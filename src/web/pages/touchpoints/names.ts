// Names of touchpoints: what can be registered.

const LENGTH_MAX = 512;

/** Why nothing can be registered under this name; undefined when it can. The server's own rule, said before it is asked. */
export function nameProblem(name: string): string | undefined {
  const { length } = name;
  if (length === 0) return "A touchpoint needs a name.";
  if (length > LENGTH_MAX) return `A name has at most ${LENGTH_MAX} characters; this one has ${length}.`;
  return undefined;
}
