// Texts in one case, to be compared whatever the case: Unicode's simple case folding (CaseFolding.txt, statuses C and
// S), up to which letter stands for a class. Each UTF-16 unit becomes one unit, whatever stands beside it, so the fold
// of a part is that part of the fold. Source: https://www.unicode.org/Public/UCD/latest/ucd/CaseFolding.txt

/**
 * Letters whose lower case is not what they fold to, each with it: the form of a sigma depends on what stands beside
 * it, so Σ is among them.
 */
const FOLDS: Readonly<Record<string, string>> = {
  "\u00b5": "μ",
  "\u017f": "s",
  "\u0345": "ι",
  Σ: "σ",
  ς: "σ",
  ϐ: "β",
  ϑ: "θ",
  ϕ: "φ",
  ϖ: "π",
  ϰ: "κ",
  ϱ: "ρ",
  ϵ: "ε",
  "\u1c80": "в",
  "\u1c81": "д",
  "\u1c82": "о",
  "\u1c83": "с",
  "\u1c84": "т",
  "\u1c85": "т",
  "\u1c86": "ъ",
  "\u1c87": "ѣ",
  "\u1c88": "\ua64b",
  "\u1e9b": "ṡ",
  "\u1fbe": "ι",
  "\u1fd3": "\u0390",
  "\u1fe3": "\u03b0",
  "\ufb05": "\ufb06",
};
const FOLDED_APART = new RegExp(`[${Object.keys(FOLDS).join("")}]`, "g");
/** İ has no simple folding, and a lower case of two letters. */
const UNFOLDED = "\u0130";

/** The letters outside ASCII that fold to one of ASCII. */
export const FOLDED_TO_ASCII = { k: "\u212a", s: "\u017f" } as const;

/** The text as it is compared: two texts are equal whatever their case where these are equal. */
export function foldText(text: string): string {
  const plain = text.replace(FOLDED_APART, (letter) => FOLDS[letter] as string);
  return plain.includes(UNFOLDED) ? plain.split(UNFOLDED).map(lower).join(UNFOLDED) : lower(plain);
}

function lower(text: string): string {
  return text.toLowerCase();
}
