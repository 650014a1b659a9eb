// What a form asks and says while it is filled in: the conditions of the manifest, and checks that need no server.
// No dependencies. The panel's answer decides; this only spares people the way there. `docs/api.md` has the form's shape.
//
// Answers are texts by the inputs' names, as the canonical text of a value is spelt; a name that is missing was not
// answered. Lists are texts with commas between the items.

const kinds = {
  integer: "number", number: "number", port: "number", duration: "number", size: "number",
  boolean: "boolean", date: "date", multiselect: "list",
};
const contextKinds = { "$server.os_version": "version", "$server.ram_mb": "number", "$installed": "boolean" };

/** The names of the fields that the answers leave visible; what each name's value is, and how it compares. */
export function visibleFields(form, answers, context = {}) {
  const seen = new Map();
  const fields = new Map(form.fields.map((field) => [field.name, field]));
  const look = (name) => {
    if (name.startsWith("$")) return context[name] ?? null;
    return isVisible(name) ? answers[name] ?? null : null;
  };
  const kindOf = (name) => contextKinds[name] ?? kinds[fields.get(name)?.type] ?? "text";
  function isVisible(name) {
    if (!fields.has(name)) return false;
    if (!seen.has(name)) {
      seen.set(name, false); // A circle, which no manifest has, ends here.
      const condition = fields.get(name).visible_if;
      seen.set(name, !condition || holds(condition, look, kindOf));
    }
    return seen.get(name);
  }
  const visible = new Set(form.fields.map((field) => field.name).filter(isVisible));
  return { visible, look, kindOf };
}

/** What is wrong with the answers, as far as it shows here: a sentence for each field that has one, by its name. */
export function problems(form, answers, context = {}) {
  const { visible, look, kindOf } = visibleFields(form, answers, context);
  const found = {};
  for (const field of form.fields) {
    if (!visible.has(field.name)) continue;
    const text = answers[field.name] ?? "";
    const isWanted = field.required || (field.required_if && holds(field.required_if, look, kindOf));
    const problem = text === "" ? (isWanted && !field.generate ? "an answer is required" : null) : wrong(field, text);
    if (problem) found[field.name] = problem;
  }
  for (const rule of form.rules ?? []) {
    const place = rule.fields[0] ?? "";
    if (rule.severity === "error" && !rule.fields.some((name) => name in found) && !holds(rule.assert, look, kindOf)) {
      found[place] = rule.message;
    }
  }
  return found;
}

/** Whether the condition holds; `look` gives a name's text or null, `kindOf` how its values compare. Total. */
export function holds(condition, look, kindOf) {
  return Object.entries(condition).every(([name, tests]) => {
    switch (name) {
      case "$all": return tests.every((part) => holds(part, look, kindOf));
      case "$any": return tests.some((part) => holds(part, look, kindOf));
      case "$not": return !holds(tests, look, kindOf);
      default:
        return Object.entries(tests).every(([operator, operand]) =>
          compares(look(name), operator, operand, kindOf(name), look));
    }
  });
}

function compares(left, operator, operand, kind, look) {
  const value = (operand) => (operand !== null && typeof operand === "object" ? look(operand.field) : operand);
  const same = (operand) => isSame(left, value(operand), kind);
  if (operator === "set") return (left !== null) === operand;
  if (operator === "eq") return same(operand);
  if (operator === "in") return operand.some(same);
  if (left === null) return false;
  if (operator === "ne") return !same(operand);
  if (operator === "not_in") return !operand.some(same);
  if (operator === "matches" || operator === "not_matches") {
    const matched = matches(operand, left);
    return matched === null || matched === (operator === "matches");
  }
  const right = value(operand);
  if (right === null) return false;
  switch (operator) {
    case "gt": return order(left, right, kind) > 0;
    case "gte": return order(left, right, kind) >= 0;
    case "lt": return order(left, right, kind) < 0;
    case "lte": return order(left, right, kind) <= 0;
    case "starts_with": return left.startsWith(right);
    case "ends_with": return left.endsWith(right);
    case "contains": return kind === "list" ? left.split(",").includes(right) : left.includes(right);
    default: return false;
  }
}

function isSame(left, right, kind) {
  if (left === null || right === null) return left === right;
  return kind === "version" || kind === "number" ? order(left, right, kind) === 0 : left === right;
}

/** Below, at or above 0; NaN, which no comparison holds of, where the two have no order. */
function order(left, right, kind) {
  switch (kind) {
    case "number": return numberOrder(left, right);
    case "version": return versionOrder(left, right);
    case "date": return left < right ? -1 : left > right ? 1 : 0;
    default: return NaN;
  }
}

/** Decimal numbers of any length, exactly. */
function numberOrder(left, right) {
  const parts = [left, right].map((text) => /^(-?)([0-9]+)(?:\.([0-9]+))?$/.exec(text));
  if (!parts[0] || !parts[1]) return NaN;
  const places = Math.max(...parts.map((part) => (part[3] ?? "").length));
  const [first, second] = parts.map(
    ([, sign, whole, fraction]) => BigInt(sign + whole + (fraction ?? "").padEnd(places, "0")));
  return first < second ? -1 : first > second ? 1 : 0;
}

const early = ["dev", "alpha", "beta", "pre", "rc"];

/** A part's rank and text: early words below a missing part, other words above it, numbers above them. */
function versionPart(text) {
  if (text === undefined) return [0, ""];
  if (text === "~") return [-6, ""];
  if (/^[0-9]/.test(text)) {
    const digits = text.replace(/^0+/, "");
    return digits === "" ? [0, ""] : [2, digits];
  }
  const word = text.toLowerCase();
  return early.includes(word) ? [early.indexOf(word) - 5, ""] : [1, word];
}

function versionOrder(left, right) {
  const [first, second] = [left, right].map((text) => text.match(/[0-9]+|[A-Za-z]+|~/g) ?? []);
  if (first.length === 0 || second.length === 0) return NaN;
  for (let index = 0; index < Math.max(first.length, second.length); index += 1) {
    const [a, b] = [versionPart(first[index]), versionPart(second[index])];
    if (a[0] !== b[0]) return a[0] < b[0] ? -1 : 1;
    if (a[0] === 2 && a[1].length !== b[1].length) return a[1].length < b[1].length ? -1 : 1;
    if (a[1] !== b[1]) return a[1] < b[1] ? -1 : 1;
  }
  return 0;
}

/** Whether the whole text matches; null where this browser cannot read the pattern, which PCRE2 can. */
function matches(pattern, text) {
  try {
    return new RegExp(`^(?:${pattern})$`, "u").test(text);
  } catch {
    return null;
  }
}

function wrong(field, text) {
  const kind = kinds[field.type] ?? "text";
  const values = field.allowed_values?.map((allowed) => allowed.value);
  const items = kind === "list" ? text.split(",") : [text];
  const length = [...text].length;
  if (values && !items.every((item) => values.includes(item))) return "not among the values to choose from";
  if (field.denied_values?.includes(text)) return "this value is refused";
  if (field.type === "integer" || field.type === "port") {
    if (!/^[+-]?[0-9]+$/.test(text)) return "a whole number is wanted";
  } else if (field.type === "number" && !/^[+-]?[0-9]+(\.[0-9]+)?$/.test(text)) return "a number is wanted";
  if (kind === "number") {
    if (numberOrder(text, String(field.min_value)) < 0) return `at least ${field.min_value} is wanted`;
    if (numberOrder(text, String(field.max_value)) > 0) return `at most ${field.max_value} is wanted`;
  }
  if (length < (field.min_length ?? 0)) return `at least ${field.min_length} characters are wanted`;
  if (length > (field.max_length ?? Infinity)) return `at most ${field.max_length} characters are wanted`;
  if (kind === "list" && items.length < (field.min_items ?? 0)) return `at least ${field.min_items} are wanted`;
  if (kind === "list" && items.length > (field.max_items ?? Infinity)) return `at most ${field.max_items} are wanted`;
  if (field.pattern && matches(field.pattern, text) === false) return field.pattern_error ?? "not in the form wanted";
  return null;
}

/** Keeps a form on a page as its answers say: hides fields, and tells beside each that was left what is wrong. */
export function attach(element, form, context = {}) {
  const places = [...element.querySelectorAll("[data-field]")];
  const left = new Set();
  const update = () => {
    const answers = Object.fromEntries(
      places.map((place) => [place.dataset.field, read(element.elements[place.dataset.field])])
        .filter(([, text]) => text !== ""));
    const { visible } = visibleFields(form, answers, context);
    const found = problems(form, answers, context);
    for (const place of places) {
      const name = place.dataset.field;
      place.hidden = !visible.has(name);
      place.querySelector(".problem").textContent = left.has(name) ? found[name] ?? "" : "";
    }
  };
  element.addEventListener("input", update);
  element.addEventListener("focusout", ({ target }) => {
    left.add(target.name);
    update();
  });
  update();
}

function read(control) {
  if (control.type === "checkbox") return control.checked ? "true" : "false";
  if (control.multiple) return [...control.selectedOptions].map((option) => option.value).join(",");
  return control.type === "password" ? control.value : control.value.trim();
}

if (typeof document !== "undefined") {
  for (const element of document.querySelectorAll("form[data-form]")) {
    attach(element, JSON.parse(element.dataset.form), { $action: "install", $installed: "false" });
  }
}
