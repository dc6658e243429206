// Pure rules of a card number in a text field: what counts as a digit, how digits are grouped,
// where the caret goes. No DOM here, so that a test can call everything.

const SEPARATORS = /[\s\-.·‐-―\u00a0\u200b-\u200f\u2060\ufeff]/g;

/** Full-width digits become ASCII. */
export function toAscii(text) {
  return text.replace(/[０-９]/g, (c) => String.fromCharCode(c.charCodeAt(0) - 0xfee0));
}

/** The text without separators; what is left may still hold letters, which the server reports. */
export function bare(text) {
  return toAscii(text).replace(SEPARATORS, "");
}

/** Only digits (and nothing else) may be regrouped; anything else stays as it was typed. */
export function isPlain(text) {
  return /^\d*$/.test(bare(text));
}

/** Words around a pasted number go; letters between its digits stay, for the server to report. */
export function fromPaste(text) {
  const stripped = bare(text).replace(/^\D+|\D+$/g, "");
  return stripped === "" ? text : stripped;
}

/** Group lengths by brand: 4-6-5 and 4-6-4 abroad, fours at home. */
export function gaps(digits) {
  if (/^3[47]/.test(digits)) return [4, 10];
  if (/^3(?:0[0-5]|[68])/.test(digits)) return [4, 10];
  const fours = [];
  for (let at = 4; at < digits.length; at += 4) fours.push(at);
  return fours;
}

/** Digits with a space before each group but the first. */
export function group(digits) {
  const at = new Set(gaps(digits));
  let text = "";
  for (let i = 0; i < digits.length; i += 1) text += (at.has(i) ? " " : "") + digits[i];
  return text;
}

/** The place in `text` right after its n-th digit. */
export function caretAfter(text, n) {
  if (n <= 0) return 0;
  let seen = 0;
  for (let i = 0; i < text.length; i += 1) {
    if (/\d/.test(text[i])) seen += 1;
    if (seen === n) return i + 1;
  }
  return text.length;
}

/** How many digits stand before the caret. */
export function digitsBefore(text, caret) {
  return toAscii(text.slice(0, caret)).replace(/\D/g, "").length;
}

/** What the card on the page shows: the first four, and the last four once there are enough. */
export function masked(digits) {
  const dots = "••••";
  const last = digits.length >= 14 ? digits.slice(-4) : dots;
  return [digits.slice(0, 4).padEnd(4, "•"), dots, dots, last];
}
