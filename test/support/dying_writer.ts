// A writer that dies at its start, as one would whose memories on disk are damaged.

export {};

const scope = globalThis as unknown as { onmessage: (() => void) | null };

scope.onmessage = () => {
  throw new Error("this writer dies at its start");
};
