// The server's rules, asked when a field is left: one rule set, and the same words as without
// JavaScript. The message goes as soon as the borrower starts to correct it.

const box = (field) => document.getElementById(`${field.id}-messages`);

export function clear(field) {
  const messages = box(field);
  if (messages?.childElementCount) messages.replaceChildren();
  field.removeAttribute("aria-invalid");
}

function message(finding, labels) {
  const row = document.createElement("div");
  row.className = `message ${finding.severity}`;
  const icon = document.getElementById(`icon-${finding.severity}`);
  if (icon) row.append(icon.content.cloneNode(true));
  const words = document.createElement("div");
  const what = document.createElement("p");
  const mark = document.createElement("b");
  mark.textContent = `${labels[finding.severity]}${labels.colon}`;
  what.append(mark, finding.text);
  words.append(what);
  if (finding.fix) {
    const fix = document.createElement("p");
    fix.textContent = finding.fix;
    words.append(fix);
  }
  row.append(words);
  return row;
}

function show(field, findings, labels) {
  const messages = box(field);
  if (!messages) return;
  messages.replaceChildren(...findings.map((finding) => message(finding, labels)));
  if (findings.some((finding) => finding.severity === "stop")) field.setAttribute("aria-invalid", "true");
  else field.removeAttribute("aria-invalid");
}

export function checks(form, fields) {
  const labels = { stop: form.dataset.stop, warn: form.dataset.warn, colon: form.dataset.colon };
  const token = form.elements.csrf?.value ?? "";
  const seen = form.elements.seen;
  const asked = new Map();

  async function check(field) {
    const value = field.value.trim();
    if (value === "" || asked.get(field) === value) return;
    asked.set(field, value);
    try {
      const answer = await fetch("/b/check", {
        method: "POST",
        credentials: "same-origin",
        headers: { "content-type": "application/json", "x-csrf": token },
        body: JSON.stringify({ [field.name]: field.value }),
      });
      if (!answer.ok) return;
      const { findings, acknowledged } = await answer.json();
      if (field.value.trim() !== value) return;
      show(field, findings, labels);
      if (seen && acknowledged) seen.value = `${seen.value} ${acknowledged}`.trim();
    } catch { /* The server checks again when the form is sent. */ }
  }

  for (const field of fields) {
    field.addEventListener("blur", () => check(field));
    field.addEventListener("input", () => { asked.delete(field); clear(field); });
  }
}
