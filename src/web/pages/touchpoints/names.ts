// Names of touchpoints: what can be registered.

const LENGTH_MAX = 512;
const CONTROL = /\p{Cc}/u;

/** Why nothing can be registered under this name; undefined when it can. The server's own rule, said before it is asked. */
export function nameProblem(name: string): string | undefined {
  const { length } = name.trim();
  if (length === 0) return "A touchpoint needs a name.";
  if (length > LENGTH_MAX) return `A name has at most ${LENGTH_MAX} characters; this one has ${length}.`;
  if (CONTROL.test(name.trim())) return "A name has no control characters.";
  return undefined;
}
