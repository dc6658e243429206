// The bank's name from the first 6 to 10 digits. Only that prefix ever leaves the page here, once
// per prefix; the field works the same when the look-up is slow or silent.

export function bankLookup(line, face, kindFace, help) {
  const known = new Map();
  const names = { bank: face?.textContent ?? "", kind: kindFace?.textContent ?? "" };
  const general = help?.innerHTML;
  let shown = "";
  let running = null;
  let timer = 0;

  function put(answer) {
    line.textContent = answer?.line ?? "";
    line.classList.toggle("plain", !answer?.bank);
    if (face) face.textContent = answer?.bank || names.bank;
    if (kindFace) kindFace.textContent = answer?.kind || names.kind;
    // From our own templates, as the page without scripts has it.
    if (help) help.innerHTML = answer?.help ?? general;
  }

  async function ask(prefix) {
    running?.abort();
    running = new AbortController();
    try {
      const answer = await fetch(`/b/bin/${prefix}`, { signal: running.signal, credentials: "same-origin" });
      if (!answer.ok) return;
      known.set(prefix, await answer.json());
      if (shown === prefix) put(known.get(prefix));
    } catch { /* Slow, offline or replaced by a newer prefix: the field does not depend on it. */ }
  }

  return (digits) => {
    const prefix = digits.length >= 6 ? digits.slice(0, 10) : "";
    if (prefix === shown) return;
    const grew = shown !== "" && prefix.startsWith(shown);
    shown = prefix;
    clearTimeout(timer);
    if (known.has(prefix)) { put(known.get(prefix)); return; }
    // Another card's digits: what was said about the last one goes at once.
    if (!grew) put(null);
    if (prefix) timer = setTimeout(() => ask(prefix), 180);
  };
}
