// Work in steps, so that a thread can alternate between several tasks and stop one in the middle. A step may end with
// something to wait for: an answer from elsewhere.

/** What a step ends with: nothing, or what has to be settled before the next step. It never rejects. */
export type Step = Promise<void> | undefined;

/** Work that yields after each step and returns its result. To stop it, call `return`. */
export type Steps<T> = Generator<Step, T>;

/** Takes all steps at once, of work that waits for nothing. Throws what a step throws. */
export function runSteps<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    if (step.value !== undefined) throw new Error("these steps wait for something: use finishSteps");
  }
}

/** Takes all steps, and waits where they do. Rejects with what a step throws. */
export async function finishSteps<T>(steps: Steps<T>): Promise<T> {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    await step.value;
  }
}

/** The value of a promise, once it has one. Throws what it is rejected with. Taking a step too early does no harm. */
export function* waitFor<T>(promise: Promise<T>): Steps<T> {
  const outcome: Outcome<T> = { isSettled: false };
  const settled = settle(promise, outcome);
  while (!outcome.isSettled) yield settled;
  if ("error" in outcome) throw outcome.error;
  return outcome.value as T;
}

interface Outcome<T> {
  isSettled: boolean;
  value?: T;
  error?: unknown;
}

async function settle<T>(promise: Promise<T>, outcome: Outcome<T>): Promise<void> {
  try {
    outcome.value = await promise;
  } catch (error) {
    outcome.error = error;
  }
  outcome.isSettled = true;
}
