// A number that fails the Luhn check is warned about once and may be sent all the same: a genuine
// UnionPay card can fail it. Here the bank does not know the number, and says so.

import assert from "node:assert/strict";

import { agree, fillIn, FORM, REFUSED, saysWhatToDo, send } from "./steps.mjs";

export const luhn = {
  name: "luhn",
  withoutScripts: true,
  async walk(visit, product) {
    const card = product.card("ok-icbc");
    const other = (Number(card.number.at(-1)) + 1) % 10;
    const slipped = { ...card, number: `${card.number.slice(0, -1)}${other}` };
    await fillIn(visit, product, slipped);
    await agree(visit);
    // With scripts the warning stands as soon as the field is left, without them after the first try.
    const warning = `${FORM} #card_number-messages .message.warn`;
    if (visit.scripts) await visit.see(warning);
    else await send(visit, warning);
    await visit.stateIsSound("1-warned");
    saysWhatToDo(await visit.text("#card_number-messages"));
    assert.equal(await visit.page.locator(`${FORM} .message.stop`).count(), 0, "nothing stops");
    const kept = await visit.page.locator("#card_number").inputValue();
    assert.equal(kept.replaceAll(" ", ""), slipped.number, "the number stays for a second look");

    await send(visit, REFUSED);
    await visit.stateIsSound("2-unknown-at-the-bank");
    saysWhatToDo(await visit.text("main"));
  },
};
