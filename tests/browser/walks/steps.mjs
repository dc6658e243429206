// What every walk does: fill in the form as a person would, agree, and enter the code that came.

import assert from "node:assert/strict";

export const FORM = 'form[action="/b/bind"]';
export const CODE = 'form[action="/b/confirm"]';
export const WAITING = ".seal.wait";
export const REFUSED = ".seal.stop";
export const SUCCESS = ".seal:not(.wait):not(.stop)";

/** Opens a new session's page and types the card's four elements. */
export async function fillIn(visit, product, card) {
  visit.hide(card.number, card.id_number, card.phone, card.name);
  await visit.open(await product.session());
  await visit.see(FORM);
  await type(visit, "#card_number", card.number);
  await type(visit, "#name", card.name);
  await type(visit, "#id_number", card.id_number);
  await type(visit, "#phone", card.phone);
}

async function type(visit, field, text) {
  const input = visit.page.locator(field);
  await input.click();
  // Key by key, so that grouping and checking happen as they do to a person.
  await input.pressSequentially(text);
}

export async function agree(visit) {
  const boxes = visit.page.locator(`${FORM} input[type="checkbox"]`);
  for (const box of await boxes.all()) await box.check();
}

/** Sends the form and waits for one of the pages it may lead to. */
export async function send(visit, ...expected) {
  await visit.submit("/b/bind");
  await visit.see(expected.join(", "));
}

/** Reads the code at the bank's inbox and confirms. */
export async function confirm(visit, product, card) {
  const code = await product.code(card.phone);
  visit.hide(code);
  await visit.page.locator("#code").fill(code);
  await visit.submit("/b/confirm");
}

/** No sentence to a borrower stops at saying that something is wrong. */
export function saysWhatToDo(text) {
  assert.doesNotMatch(text, /(无效|非法|错误|失败)[。！]?\s*$/m, "a sentence ends in blame");
  assert.doesNotMatch(text, /\b(invalid|error)\b/i, "a word that helps nobody");
}
