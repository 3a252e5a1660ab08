/** Bytes of a text in UTF-8, as it is sent. */
export function bytesOf(text: string): number {
  return new TextEncoder().encode(text).length;
}
