// Parts of forms: a labelled control with its problem, and text to copy.

import { type ComponentChildren, cloneElement, type VNode } from "preact";
import { useId } from "preact/hooks";
import { CopyButton } from "./button.tsx";

interface FieldProps {
  readonly label: string;
  readonly problem?: string | undefined;
  readonly isWide?: boolean;
  readonly children: VNode<{ readonly "aria-invalid"?: true; readonly "aria-describedby"?: string }>;
}

/** A labelled control with its error message. */
export function Field({ label, problem, isWide, children }: FieldProps) {
  const id = useId();
  const control: ComponentChildren =
    problem === undefined ? children : cloneElement(children, { "aria-invalid": true, "aria-describedby": id });
  return (
    <div class={isWide === true ? "form-field form-wide" : "form-field"}>
      <label>
        <span>{label}</span>
        {control}
      </label>
      <p id={id} class="field-problem" role="status">
        {problem}
      </p>
    </div>
  );
}

interface CodeBlockProps {
  /** The heading, also the accessible name. */
  readonly label: string;
  readonly text: string;
}

/** Text to copy, with a button that copies it. */
export function CodeBlock({ label, text }: CodeBlockProps) {
  return (
    <div class="code-block" role="group" aria-label={label}>
      <div class="code-block-head">
        <span class="hint">{label}</span>
        <CopyButton text={text} label={`Copy: ${label}`} />
      </div>
      <pre tabIndex={0}>{text}</pre>
    </div>
  );
}
