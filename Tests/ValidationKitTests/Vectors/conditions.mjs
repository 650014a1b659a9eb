// Answers the vectors of conditions.json with form.js: a line of JSON for each case, in the file's order.
//   node conditions.mjs FORM_JS CONDITIONS_JSON
import { readFileSync } from "node:fs";

const [script, file] = process.argv.slice(2).map((path) => readFileSync(path));
const { holds, visibleFields } = await import(`data:text/javascript;base64,${script.toString("base64")}`);
const vectors = JSON.parse(file);

const fieldsOf = (inputs) =>
  Object.entries(inputs).map(([name, input]) => ({ name, ...(typeof input === "string" ? { type: input } : input) }));
for (const { inputs, condition, cases } of vectors.conditions) {
  const form = { fields: fieldsOf(inputs) };
  for (const { answers, context } of cases) {
    const { look, kindOf } = visibleFields(form, answers, context);
    console.log(JSON.stringify(holds(condition, look, kindOf)));
  }
}
for (const { inputs, cases } of vectors.forms) {
  for (const { answers } of cases) {
    console.log(JSON.stringify([...visibleFields({ fields: inputs }, answers).visible]));
  }
}
