// Wires a page to the modules by what stands in it. Without this file every page works the same.

import { bankLookup } from "./bank.js";
import { cardNumber } from "./card-number.js";
import { checks, clear } from "./checks.js";
import { toAscii } from "./digits.js";
import { resendTimer, watch } from "./live.js";
import { focusFirst, once } from "./submit.js";

const by = (id) => document.getElementById(id);
const undo = [...document.forms].map(once);

const number = by("card_number");
let card = null;
if (number) {
  const places = ["bank-line", "face-bank", "face-kind", "phone-help"].map(by);
  const lookup = bankLookup(...places);
  card = cardNumber(number, by("face-digits"), lookup);
  checks(number.form, [...number.form.querySelectorAll("input[data-check]")]);
}

// A box that is ticked wants nothing any more, and once nothing does the page's head says so too.
for (const tick of document.querySelectorAll(".consent input[type=checkbox]")) {
  tick.addEventListener("change", () => {
    clear(tick);
    tick.closest(".consent")?.classList.remove("wrong");
  });
}
const mended = () => document.querySelector("form [aria-invalid=true]") ?? by("problems")?.remove();
for (const event of ["input", "change"]) number?.form.addEventListener(event, mended);

const code = by("code");
code?.addEventListener("input", (event) => {
  const ascii = toAscii(code.value);
  if (!event.isComposing && ascii !== code.value) code.value = ascii;
});

// The language is switched with what was typed, but never with the card number.
document.querySelector("a.lang")?.addEventListener("click", (event) => {
  const lang = number?.form?.elements.lang;
  if (!lang) return;
  event.preventDefault();
  lang.value = event.currentTarget.hreflang;
  if (number.value) {
    const typed = document.createElement("input");
    Object.assign(typed, { type: "hidden", name: "number_typed", value: "1" });
    number.form.append(typed);
  }
  card?.clear();
  number.form.submit();
});

for (const button of document.querySelectorAll("button[data-seconds]")) resendTimer(button);
const { watch: state, home } = document.body.dataset;
if (state) watch(state, home);
focusFirst();

addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  undo.forEach((again) => again());
  card?.clear();
  if (code) code.value = "";
});
