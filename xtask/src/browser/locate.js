// The first visible element of a kind with this name, in the part of the page that is asked for; or null.
const [kind, name, within] = arguments;

const KINDS = {
  button: "button, [role=button], [role=tab], summary, input[type=submit]",
  link: "a[href]",
  field: "input, select, textarea",
  error: ".field-error",
};
const PARTS = "tr, li, article, section, form, fieldset, dialog, details, [role=group]";

const plain = (text) => (text ?? "").replace(/\s+/g, " ").trim();
const visible = (element) => element.checkVisibility({ visibilityProperty: true }) && element.getClientRects().length > 0;

function called(element) {
  if (element.hasAttribute("aria-label")) return plain(element.getAttribute("aria-label"));
  const by = element.getAttribute("aria-labelledby");
  if (by) return plain(by.split(" ").map((id) => document.getElementById(id)?.textContent).join(" "));
  if (element.labels?.length) return plain(element.labels[0].textContent);
  return plain(element.textContent || element.value);
}

// What a dialog covers cannot be reached.
const dialogs = [...document.querySelectorAll("dialog:modal")];
let part = dialogs.at(-1) ?? document;
if (within) {
  const parts = [...(dialogs.at(-1) ? [part] : []), ...part.querySelectorAll(PARTS)].filter((one) => visible(one) && plain(one.textContent).includes(within));
  part = parts.sort((one, other) => one.textContent.length - other.textContent.length)[0];
  if (!part) return null;
}
const found = [...part.querySelectorAll(KINDS[kind])].filter(visible);
return found.find((one) => kind === "error" || called(one) === name) ?? found.find((one) => kind === "field" && called(one).startsWith(name)) ?? null;
