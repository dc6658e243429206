// A card that is reported lost: the page says why, who acts, what to do next and when, and lets the
// borrower go on with another card without typing everything again.

import assert from "node:assert/strict";

import { agree, fillIn, FORM, REFUSED, saysWhatToDo, send } from "./steps.mjs";

export const refused = {
  name: "refused",
  withoutScripts: true,
  async walk(visit, product) {
    const card = product.card("lost");
    await fillIn(visit, product, card);
    await agree(visit);
    await send(visit, REFUSED);
    await visit.stateIsSound("1-refused");
    const text = await visit.text("main");
    assert.match(text, /挂失/, "the cause is named");
    saysWhatToDo(text);
    const facts = await visit.page.locator("dl.facts dt").count();
    assert.ok(facts >= 4, "why, who, what next, when");
    assert.equal(await visit.page.locator('a[href^="tel:"]').count(), 1, "the bank's hotline");

    await visit.submit("/b/again");
    await visit.see(FORM);
    await visit.stateIsSound("2-again");
    const number = await visit.page.locator("#card_number").inputValue();
    assert.equal(number, "", "the number is not kept");
    assert.equal(await product.bindingCount(card), 0, "nothing was bound at the bank");
  },
};
