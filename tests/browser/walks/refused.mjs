// A card the bank will not bind until its holder has spoken to it: the page says why, who acts, what
// to do next and when, and lets the borrower go on with another card.

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
    saysWhatToDo(text);
    for (const fact of ["原因", "谁来处理", "下一步", "何时再试"]) {
      const told = visit.page.locator("dl.facts div", { hasText: fact }).locator("dd");
      assert.ok((await told.first().innerText()).trim().length > 3, `${fact} is told`);
    }
    const support = visit.page.locator("main details");
    await support.locator("summary").click();
    const forTheAgent = await support.innerText();
    assert.match(forTheAgent, /bind_\w+/, "the reference an agent looks it up by");
    assert.doesNotMatch(text + forTheAgent, /应答码|unionpay/i, "the bank's code stays with them");
    assert.ok((await visit.page.locator("dl.facts ol li").count()) > 1, "what to do, in order");
    assert.equal(await visit.page.locator('a[href^="tel:"]').count(), 1, "the bank's hotline");

    await visit.submit("/b/again");
    await visit.see(FORM);
    await visit.stateIsSound("2-again");
    const number = await visit.page.locator("#card_number").inputValue();
    assert.equal(number, "", "the number is not kept");
    assert.equal(await product.bindingCount(card), 0, "nothing was bound at the bank");
  },
};
