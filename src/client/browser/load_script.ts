/** Loads a script that lies beside the one at `src`; `integrity` lets it through a policy that lists hashes. */
export function loadScript(src: string, name: string, integrity: string, nonce: string): Promise<unknown> {
  return new Promise((onload, onerror) => {
    const attributes = { src: src.replace(/[^/]*$/, name), integrity, nonce, crossOrigin: "", onload, onerror };
    document.head.append(Object.assign(document.createElement("script"), attributes));
  });
}
