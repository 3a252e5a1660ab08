// A text field with suggestions, after the ARIA pattern for editable comboboxes. The field keeps the focus. Arrow keys
// move through the list, Enter takes the marked suggestion or submits, Escape closes the list, and then leaves.

import { useSignal } from "@preact/signals";
import type { ComponentChildren, RefObject } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";

/** One suggestion of the list. */
export interface Suggestion {
  /** The argument of onChoose. Unique in the list. */
  readonly value: string;
  readonly label: ComponentChildren;
  /** A fainter text beside the label: a count. */
  readonly detail?: ComponentChildren;
}

interface ComboboxProps {
  readonly label: string;
  readonly value: string;
  readonly placeholder?: string;
  readonly suggestions: readonly Suggestion[];
  readonly onInput: (value: string) => void;
  readonly onChoose: (value: string) => void;
  readonly onSubmit: () => void;
  /** Escape was pressed while no suggestion is shown. */
  readonly onEscape?: () => void;
  /** Called with the caret's position whenever it may have moved. */
  readonly onCaret?: (at: number) => void;
  /** The shortcut "/" focuses this field. */
  readonly isSearch?: boolean;
  readonly isInvalid?: boolean;
  /** Id of the error message. */
  readonly describedBy?: string | undefined;
  readonly field?: RefObject<HTMLInputElement | null>;
}

/** A text field with a list of suggestions. The caller filters them. */
export function Combobox(props: ComboboxProps) {
  const { label, value, placeholder, suggestions, onInput, onChoose, onSubmit, onCaret } = props;
  const id = useId();
  const own = useRef<HTMLInputElement>(null);
  const field = props.field ?? own;
  const isOpen = useSignal(false);
  // The mark follows the value, because new counts can reorder the list.
  const active = useSignal<string | undefined>(undefined);
  const isShown = isOpen.value && suggestions.length > 0;
  const index = suggestions.findIndex((suggestion) => suggestion.value === active.value);
  useEffect(() => {
    if (index >= 0) document.getElementById(`${id}-${index}`)?.scrollIntoView({ block: "nearest" });
  }, [id, index]);
  const reportCaret = () => onCaret?.(field.current?.selectionStart ?? value.length);
  const choose = (suggestion: Suggestion) => {
    onChoose(suggestion.value);
    active.value = undefined;
    field.current?.focus();
  };
  const press = (event: KeyboardEvent) => {
    const { key } = event;
    if (key === "ArrowDown" || key === "ArrowUp") {
      event.preventDefault();
      isOpen.value = true;
      const count = suggestions.length;
      const next = key === "ArrowDown" ? (index + 1) % count : (index <= 0 ? count : index) - 1;
      active.value = suggestions[next]?.value;
    } else if (key === "Enter") {
      event.preventDefault();
      const suggestion = isShown ? suggestions[index] : undefined;
      if (suggestion !== undefined) choose(suggestion);
      else {
        isOpen.value = false;
        onSubmit();
      }
    } else if (key === "Tab" && isShown && suggestions[index] !== undefined) {
      event.preventDefault();
      choose(suggestions[index]);
    } else if (key === "Escape" && (isShown || props.onEscape !== undefined)) {
      event.preventDefault();
      event.stopPropagation();
      if (!isShown) props.onEscape?.();
      isOpen.value = false;
    }
  };
  return (
    <div class="combobox">
      <input
        ref={field}
        type="text"
        class="field"
        role="combobox"
        aria-label={label}
        aria-autocomplete="list"
        aria-expanded={isShown}
        aria-controls={isShown ? `${id}-list` : undefined}
        aria-activedescendant={isShown && index >= 0 ? `${id}-${index}` : undefined}
        aria-invalid={props.isInvalid === true ? true : undefined}
        aria-describedby={props.describedBy}
        data-search-field={props.isSearch === true ? "" : undefined}
        autoComplete="off"
        autoCapitalize="off"
        spellcheck={false}
        placeholder={placeholder}
        value={value}
        onInput={(event) => {
          isOpen.value = true;
          active.value = undefined;
          onInput(event.currentTarget.value);
          reportCaret();
        }}
        onKeyDown={press}
        onKeyUp={reportCaret}
        onClick={reportCaret}
        onFocus={() => {
          isOpen.value = true;
          reportCaret();
        }}
        onBlur={() => {
          isOpen.value = false;
        }}
      />
      {isShown ? (
        <div
          id={`${id}-list`}
          class="suggestions"
          role="listbox"
          aria-label={`${label}: suggestions`}
          // Tab goes past it: a browser would stop at whatever scrolls.
          tabIndex={-1}
          // Keeps the focus in the field while a suggestion is clicked, or the list scrolled.
          onPointerDown={(event) => event.preventDefault()}
        >
          {suggestions.map((suggestion, at) => (
            <div
              key={suggestion.value}
              id={`${id}-${at}`}
              class="suggestion"
              role="option"
              aria-selected={at === index}
              onClick={() => choose(suggestion)}
            >
              <span>{suggestion.label}</span>
              {suggestion.detail === undefined ? null : <span class="suggestion-detail">{suggestion.detail}</span>}
            </div>
          ))}
        </div>
      ) : null}
    </div>
  );
}
