// What cases come to in form.js; the tests compare it with the vectors, and with what Swift makes of the same case.
//
// runCases(form.js, {forms: {name: form}, cases: [{form, raw, context, condition or null}]}): forms, contexts and
// conditions as Swift makes them.
'use strict';

function runCases({ holds, evaluate }, { forms, cases }) {
  return cases.map(({ form: name, raw, context, condition }) => {
    const form = forms[name];
    const { fields, rules } = evaluate(form, raw, context);
    const pick = (isWanted) => Object.keys(fields).filter((field) => isWanted(fields[field])).sort();
    const texts = (isThere, text) => Object.fromEntries(pick(isThere).map((field) => [field, text(fields[field])]));
    const values = texts((state) => state.value !== null, (state) => state.value);
    return {
      holds: condition ? holds(condition, values, context, form) : null,
      hidden: pick((state) => !state.visible),
      required: pick((state) => state.required),
      readonly: pick((state) => state.readonly),
      values,
      errors: texts((state) => state.error !== null, (state) => state.error.code),
      rules: rules.map((rule) => rule.id).sort(),
    };
  });
}

if (typeof module === 'object') module.exports = runCases;
