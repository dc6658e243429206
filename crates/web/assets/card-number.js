// The card number field: groups while typing, keeps the caret, survives IME and paste.

import { bare, caretAfter, digitsBefore, fromPaste, group, isPlain, masked, toAscii } from "./digits.js";

export function cardNumber(field, face, changed) {
  let composing = false;
  let before = bare(field.value);

  function show() {
    if (!face) return;
    const digits = isPlain(field.value) ? bare(field.value) : "";
    face.replaceChildren(
      ...masked(digits).map((part) => {
        const span = document.createElement("span");
        span.textContent = part;
        return span;
      }),
    );
  }

  function regroup(inputType) {
    if (composing) return;
    const text = field.value;
    if (isPlain(text)) {
      let caret = digitsBefore(text, field.selectionStart ?? text.length);
      let digits = bare(text);
      // Only a group's space was deleted: the digit beside it is what was meant.
      if (digits === before && inputType === "deleteContentBackward" && caret > 0) {
        digits = digits.slice(0, caret - 1) + digits.slice(caret);
        caret -= 1;
      } else if (digits === before && inputType === "deleteContentForward") {
        digits = digits.slice(0, caret) + digits.slice(caret + 1);
      }
      const grouped = group(digits);
      if (grouped !== text) {
        field.value = grouped;
        if (document.activeElement === field) {
          const place = caretAfter(grouped, caret);
          field.setSelectionRange(place, place);
        }
      }
    }
    before = bare(field.value);
    show();
    changed(isPlain(field.value) ? before : "");
  }

  field.addEventListener("compositionstart", () => { composing = true; });
  field.addEventListener("compositionend", () => { composing = false; regroup(); });
  field.addEventListener("input", (event) => regroup(event.isComposing ? undefined : event.inputType));
  field.addEventListener("paste", (event) => {
    const pasted = event.clipboardData?.getData("text");
    if (!pasted) return;
    event.preventDefault();
    const start = field.selectionStart ?? field.value.length;
    const end = field.selectionEnd ?? start;
    const clean = toAscii(fromPaste(pasted));
    field.setRangeText(clean, start, end, "end");
    field.dispatchEvent(new InputEvent("input", { bubbles: true, inputType: "insertFromPaste" }));
  });
  regroup();
  return { clear() { field.value = ""; before = ""; show(); changed(""); } };
}
