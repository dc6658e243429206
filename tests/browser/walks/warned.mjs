// A form with slips: everything that is wrong is said at once, beside its field, and what was right
// stays. A failed Luhn check on a UnionPay card only warns; the borrower may go on.

import assert from "node:assert/strict";

import { agree, CODE, fillIn, FORM, saysWhatToDo, send } from "./steps.mjs";

export const warned = {
  name: "warned",
  withoutScripts: true,
  async walk(visit, product) {
    const card = product.card("ok-16");
    const slipped = { ...card, id_number: card.id_number.slice(0, -1), phone: "1390013" };
    await fillIn(visit, product, slipped);
    await send(visit, `${FORM} [aria-invalid="true"]`);
    await visit.stateIsSound("1-findings");
    const wrong = await visit.page.locator(`${FORM} .field input[aria-invalid="true"]`)
      .evaluateAll((fields) => fields.map((field) => field.id));
    assert.deepEqual(wrong, ["id_number", "phone"], "every wrong field at once, and no other");
    for (const field of wrong) {
      const said = await visit.text(`#${field}-messages`);
      assert.ok(said.length > 4, `${field} says what to correct`);
      saysWhatToDo(said);
      const described = await visit.page.locator(`#${field}`).getAttribute("aria-describedby");
      assert.ok(described.split(" ").includes(`${field}-messages`), "the field names its message");
    }
    assert.equal(await visit.page.locator("#name").inputValue(), card.name, "what was right stays");
    const boxes = visit.page.locator(`${FORM} input[type="checkbox"]`);
    const asked = visit.page.locator(`${FORM} input[type="checkbox"][aria-invalid="true"]`);
    assert.equal(await asked.count(), await boxes.count(), "consent is asked for");
    if (visit.scripts) {
      const focused = await visit.page.evaluate(() => document.activeElement.id);
      assert.equal(focused, "id_number", "focus goes to the first wrong field");
    }

    await visit.page.locator("#id_number").fill(card.id_number);
    await visit.page.locator("#phone").fill(card.phone);
    await agree(visit);
    await send(visit, CODE);
    await visit.submit("/b/cancel");
    await visit.see(FORM);
  },
};
