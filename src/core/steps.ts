// Work in steps, so that a thread can alternate between several tasks and stop one in the middle.

/** Work that yields after each step and returns its result. To stop it, call `return`. */
export type Steps<T> = Generator<undefined, T>;

/** Takes all steps at once. Throws what a step throws. */
export function runSteps<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}
