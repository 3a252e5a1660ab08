/** The present instant in Unix milliseconds; tests pass a manual one. */
export type Clock = () => number;

export const systemClock: Clock = () => Date.now();
