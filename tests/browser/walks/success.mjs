// A borrower binds a card: form, consent, code, done; and reads the English page on the way.

import assert from "node:assert/strict";

import { agree, CODE, confirm, fillIn, send, SUCCESS } from "./steps.mjs";

export const success = {
  name: "success",
  withoutScripts: true,
  async walk(visit, product) {
    const card = product.card("ok");
    await fillIn(visit, product, card);
    await visit.stateIsSound("1-form");
    await agree(visit);
    await send(visit, CODE);
    await visit.stateIsSound("2-code");
    assert.equal(await visit.page.locator("#code").getAttribute("autocomplete"), "one-time-code");

    await confirm(visit, product, card);
    await visit.see(SUCCESS);
    await visit.stateIsSound("3-success");
    const text = await visit.text("main");
    assert.ok(text.includes(card.number.slice(-4)), "the last four digits are shown");
    assert.ok(!text.replaceAll(" ", "").includes(card.number), "the whole number is not");

    await visit.page.reload();
    await visit.see(SUCCESS);
    await visit.page.locator("a.lang").click();
    await visit.page.waitForLoadState("load");
    assert.equal(await visit.page.locator("html").getAttribute("lang"), "en");
    await visit.see(SUCCESS);
    await visit.stateIsSound("4-success-en");
    assert.equal(await product.bindingCount(card), 1, "one agreement at the bank");
  },
};
