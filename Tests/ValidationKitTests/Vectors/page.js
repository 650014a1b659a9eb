// A form's page in miniature: what attach() does to the elements that it is given, step by step.
//
// runCases(form.js, {form, context, steps}) answers with what a person sees after each step; a step is what is done
// to one field, {field, value} or {field, checked}, or null for nothing at all.
'use strict';

class Element {
  constructor(tagName, dataset = {}, children = []) {
    Object.assign(this, { tagName, dataset, children, listeners: {}, attributes: {}, hidden: false, textContent: '' });
    this.ownerDocument = { createElement: (name) => new Element(name.toUpperCase()) };
    children.forEach((child) => { child.parent = this; });
  }

  get all() { return this.children.flatMap((child) => [child, ...child.all]); }

  // The three kinds of selectors that form.js uses: an attribute, names of elements.
  querySelectorAll(selector) {
    const attribute = /^\[data-([a-z]+)\]$/.exec(selector);
    const names = selector.toUpperCase().split(', ');
    return this.all.filter((element) => (attribute ? attribute[1] in element.dataset : names.includes(element.tagName)));
  }

  querySelector(selector) { return this.querySelectorAll(selector)[0] || null; }
  closest(selector) { return /^\[data-field\]$/.test(selector) && 'field' in this.dataset ? this : this.parent && this.parent.closest(selector); }
  appendChild(child) { this.children.push(child); child.parent = this; }
  setAttribute(name, value) { this.attributes[name] = value; }
  addEventListener(name, listener) { this.listeners[name] = listener; }
}

function controlOf({ type, default: value, allowed_values: allowed }) {
  if (type === 'boolean') return Object.assign(new Element('INPUT'), { type: 'checkbox', checked: value === 'true' });
  if (type === 'multiselect') {
    return Object.assign(new Element('SELECT'), { multiple: true, selectedOptions: [] });
  }
  const tagName = type === 'select' ? 'SELECT' : type === 'text' ? 'TEXTAREA' : 'INPUT';
  return Object.assign(new Element(tagName), { type: 'text', value: value || (allowed ? allowed[0].value : '') });
}

function runCases({ attach }, { form, context, steps }) {
  const wrappers = new Map(form.fields.map((field) =>
    [field.name, new Element('DIV', { field: field.name }, [new Element('SPAN', { mark: '' }), controlOf(field)])]));
  const inGroup = (id) => form.fields.filter(({ group }) => group === id).map(({ name }) => wrappers.get(name));
  const groups = form.groups.map(({ id }) => new Element('FIELDSET', { group: id }, inGroup(id)));
  const page = new Element('FORM', {}, [...groups, ...inGroup(undefined)]);
  attach(page, form, context);
  return steps.map((step) => {
    if (step) {
      const control = wrappers.get(step.field).children[1];
      if (Array.isArray(step.value)) control.selectedOptions = step.value.map((value) => ({ value }));
      else Object.assign(control, step.value === undefined ? { checked: step.checked } : { value: step.value });
      page.listeners.input({ target: control });
    }
    const seen = { hidden: [], marked: [], locked: [], messages: {} };
    wrappers.forEach(({ hidden, children: [mark, control, message] }, name) => {
      if (hidden) seen.hidden.push(name);
      if (hidden !== Boolean(control.disabled) && !control.disabled) throw new Error(`${name} is hidden and can be sent`);
      if (mark.textContent) seen.marked.push(name);
      if (!hidden && (control.readOnly || control.disabled)) seen.locked.push(name);
      if (message.textContent) seen.messages[name] = message.textContent;
    });
    groups.filter(({ hidden }) => hidden).forEach(({ dataset }) => seen.hidden.push(`group ${dataset.group}`));
    const whole = page.children[page.children.length - 1].textContent;
    if (whole) seen.messages[''] = whole;
    return seen;
  });
}

if (typeof module === 'object') module.exports = runCases;
