// Negated words of a search on the command line: `simplelogs query level:error -timeout`. An option's parser would take "-timeout" for
// short options, so such words get a space before them, which a search does not mind.

/** The commands that take a search. */
const SEARCH_COMMANDS: ReadonlySet<string> = new Set(["query", "tail", "timings", "erase"]);
/** A dash and more than one character: the short options of these commands (-h) have one. */
const NEGATION = /^-[^-]./s;
/** What takes the next argument as it is, before the command's name. */
const CONFIG_OPTIONS: ReadonlySet<string> = new Set(["-c", "--config"]);

/** The arguments, negated words marked where the command takes a search. */
export function protectNegations(args: readonly string[]): readonly string[] {
  const command = commandIndex(args);
  if (!SEARCH_COMMANDS.has(args[command] ?? "")) return args;
  const end = args.indexOf("--", command);
  return args.map((arg, index) => {
    const isWord = index > command && (end === -1 || index < end) && NEGATION.test(arg);
    return isWord ? ` ${arg}` : arg;
  });
}

function commandIndex(args: readonly string[]): number {
  for (let index = 0; index < args.length; index++) {
    const arg = args[index] as string;
    if (CONFIG_OPTIONS.has(arg)) index++;
    else if (!arg.startsWith("-")) return index;
  }
  return args.length;
}
