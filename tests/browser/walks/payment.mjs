// A borrower looks at payments: one whose answer was lost and that resolves before the eyes; one
// that the bank would not do, which says why, who acts and what next; one in doubt, which is never
// called an end. Two opened one after the other never show each other.

import assert from "node:assert/strict";

import { REFUSED, saysWhatToDo, SUCCESS, WAITING } from "./steps.mjs";

const RESOLVED_MS = 90_000;

export const payment = {
  name: "payment",
  withoutScripts: true,
  async walk(visit, product) {
    const card = product.card("ok-16");
    visit.hide(card.number, card.id_number, card.phone, card.name);
    const instrument = await product.bound(card);
    const lost = await product.disbursed(instrument, { fault: "half_answer" });
    await visit.open(lost);
    await visit.see(SUCCESS, RESOLVED_MS);
    await visit.stateIsSound("1-settled");
    assert.match(await visit.text("h1"), /放款已到账/);
    assert.ok(!visit.page.url().includes(lost.split("/p/")[1]), "the token left the address");
    const first = visit.page.url();

    const refused = await product.disbursed(instrument, {
      fault: "code", code: "43", message: "此业务未开通",
    }, { return_url: "https://app.example/loans" });
    await visit.open(refused);
    await visit.see(REFUSED);
    await visit.stateIsSound("2-refused");
    const text = await visit.text("main");
    saysWhatToDo(text);
    for (const fact of ["原因", "谁来处理", "下一步", "何时再试"]) {
      const told = visit.page.locator("dl.facts div", { hasText: fact }).locator("dd");
      assert.ok((await told.first().innerText()).trim().length > 3, `${fact} is told`);
    }
    assert.equal(await visit.page.locator('main a[href="https://app.example/loans"]').count(), 1);

    // The first one is still itself.
    await visit.open(first);
    assert.match(await visit.text("h1"), /放款已到账/);
    await visit.page.locator("a.lang").click();
    await visit.see(SUCCESS);
    assert.match(await visit.text("h1"), /Your loan has been paid out/);
    await visit.stateIsSound("3-english");

    // One that never reached the bank: until that is certain it is in doubt, and says so.
    await visit.open(await product.disbursed(instrument, { fault: "drop_before" }));
    await visit.see(WAITING);
    await visit.stateIsSound("4-doubtful");
    assert.match(await visit.text("h1"), /结果确认中/);
    assert.match(await visit.text("main"), /请不要重复办理/);
  },
};
