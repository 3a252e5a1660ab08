// Text to take elsewhere: shown as it is, with a button that copies it.

import { CopyButton } from "../../components/copy_button.tsx";

interface CodeBlockProps {
  /** What it is, above it and read aloud. */
  readonly label: string;
  readonly text: string;
}

export function CodeBlock({ label, text }: CodeBlockProps) {
  return (
    <div class="keys-code" role="group" aria-label={label}>
      <div class="keys-code-head">
        <span class="hint">{label}</span>
        <CopyButton text={text} label={`Copy: ${label}`} />
      </div>
      <pre tabIndex={0}>{text}</pre>
    </div>
  );
}
