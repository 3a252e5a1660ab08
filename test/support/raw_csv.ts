// CSV back into its rows, written independently of what writes it.

/** RFC 4180, fields by row: what stands behind every other quote is quoted, and a quote twice is one. */
export function csvRows(text: string): string[][] {
  const rows = [[""]];
  const append = (part: string) => {
    const row = rows.at(-1) as string[];
    row.push(`${row.pop()}${part}`);
  };
  for (const [index, part] of text.split('"').entries()) {
    if (index % 2 === 1) append(part);
    else if (part === "" && index > 0) append('"');
    else
      for (const piece of part.split(/(,|\r\n)/)) {
        if (piece === ",") rows.at(-1)?.push("");
        else if (piece === "\r\n") rows.push([""]);
        else append(piece);
      }
  }
  return rows.slice(0, -1);
}
