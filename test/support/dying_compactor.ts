// A compactor that dies at every merge it is asked for.

export {};

const scope = globalThis as unknown as { onmessage: ((event: { data: { kind: string } }) => void) | null };

scope.onmessage = ({ data }) => {
  if (data.kind === "merge") throw new Error("this compactor dies at every merge");
};
