// A whole number given to a script's option.

/** The number, underscores and commas between its digits left out. Throws Error, naming the option, where it is none or out of bounds. */
export function wholeNumber(name: string, text: string, minimum: number, maximum: number): number {
  const number = Number(text.replaceAll(/[_,]/g, ""));
  if (Number.isInteger(number) && number >= minimum && number <= maximum) return number;
  throw new Error(`--${name}: expected a whole number from ${minimum} to ${maximum}, got ${JSON.stringify(text)}`);
}
