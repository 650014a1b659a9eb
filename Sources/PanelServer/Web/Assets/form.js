// A form's conditions and the checks of its values, while a person types.
//
// The panel judges the same form again when the values are sent, and its answer always decides. Both run the
// vectors of Tests/ValidationKitTests. What a browser cannot know (which time zones there are, what a generator
// will make, the default of a sensitive input) is let pass here.
//
//   ProvisionForm.holds(condition, values, context, form)   whether a condition of the form holds
//   ProvisionForm.evaluate(form, raw, context)              what is shown, asked and wrong
//   ProvisionForm.attach(element, form, context)            keeps a page's form up to date
//
// `form` is the panel's JSON of a form. `context` has the names of the manifest ("$server.os", "$action", …), and
// under "current" the values that the installed application has; what is missing there is null.
(function () {
  'use strict';

  const own = (object, name) =>
    object !== null && object !== undefined && Object.prototype.hasOwnProperty.call(object, name)
      ? object[name] : undefined;
  const byteCount = (text) => new TextEncoder().encode(text).length;
  const scalarCount = (text) => [...text].length;

  // MARK: Kinds of values

  const KINDS = new Map([
    ['integer', 'number'], ['number', 'number'], ['port', 'number'], ['duration', 'number'], ['size', 'number'],
    ['boolean', 'boolean'], ['date', 'date'], ['multiselect', 'list'],
    ['$server.os_version', 'version'], ['$server.ram_mb', 'number'], ['$installed', 'boolean'],
  ]);
  const kindOf = (type) => KINDS.get(type) || 'text';

  const LARGEST = 2n ** 63n - 1n;

  /** A whole number of 64 bits in its one spelling, or null. */
  function wholeNumber(text) {
    if (!/^(?:0|-?[1-9][0-9]{0,18})$/.test(text)) return null;
    const number = BigInt(text);
    return number >= -LARGEST - 1n && number <= LARGEST ? number : null;
  }

  /** A decimal number as all its digits and how many of them are a fraction, or null: never a binary fraction. */
  function decimal(text) {
    const match = /^(-?)(0|[1-9][0-9]*)(?:\.([0-9]+))?$/.exec(text);
    if (!match) return null;
    if (match[3] === undefined) {
      const number = wholeNumber(text);
      return number === null ? null : { digits: number, places: 0 };
    }
    const fraction = match[3].replace(/0+$/, '');
    if (match[2].length + fraction.length > 18) return null;
    const digits = BigInt(match[2] + fraction);
    if (match[1] && digits === 0n) return null;
    return { digits: match[1] ? -digits : digits, places: fraction.length };
  }

  function decimalText({ digits, places }) {
    if (places === 0) return String(digits);
    const text = String(digits < 0n ? -digits : digits).padStart(places + 1, '0');
    return (digits < 0n ? '-' : '') + text.slice(0, -places) + '.' + text.slice(-places);
  }

  /** Both numbers with the same count of places. */
  function aligned(one, other) {
    const places = Math.max(one.places, other.places);
    return [one, other].map((number) => number.digits * 10n ** BigInt(places - number.places));
  }

  const EARLY = ['rc', 'pre', 'beta', 'alpha', 'dev'];

  /** A version's parts as [rank, text]: `~` and early words below a missing part, other words above, then numbers. */
  function version(text) {
    if (!/^[A-Za-z0-9.~+_:-]{1,128}$/.test(text)) return null;
    const parts = (text.match(/[0-9]+|[A-Za-z]+|~/g) || []).map((part) => {
      if (part === '~') return [-6, ''];
      if (/^[0-9]/.test(part)) {
        const digits = part.replace(/^0+/, '');
        return [digits === '' ? 0 : 2, digits];
      }
      const word = part.toLowerCase();
      return EARLY.includes(word) ? [-1 - EARLY.indexOf(word), ''] : [1, word];
    });
    return parts.length > 0 ? parts : null;
  }

  const sign = (one, other) => (one < other ? -1 : one > other ? 1 : 0);

  function versionOrder(one, other) {
    for (let index = 0; index < Math.max(one.length, other.length); index += 1) {
      const [rank, text] = one[index] || [0, ''];
      const [otherRank, otherText] = other[index] || [0, ''];
      const order = sign(rank, otherRank) || (rank === 2 && sign(text.length, otherText.length)) || sign(text, otherText);
      if (order !== 0) return order;
    }
    return 0;
  }

  /** Below 0 where the left value is less; null where the two have no order. */
  function orderOf(kind, left, right) {
    if (kind === 'date') return sign(left, right);
    const read = kind === 'number' ? decimal : kind === 'version' ? version : () => null;
    const [one, other] = [read(left), read(right)];
    if (one === null || other === null) return null;
    return kind === 'version' ? versionOrder(one, other) : sign(...aligned(one, other));
  }

  // MARK: Patterns

  const SPACE = '\\t-\\r ';
  const NO_SPACE = '\\0-\\x08\\x0E-\\x1F!-\\u{10FFFF}';

  /**
   * The pattern as JavaScript spells it: `.` is all but a newline, `\s` is ASCII's spaces, a backslash before
   * punctuation and a bracket or brace without a partner are that character.
   */
  function translated(source) {
    const token = /\\[pP]\{[^}]*\}|\\x[0-9A-Fa-f]{2}|\\[^]|\{[0-9]+(?:,[0-9]*)?\}|[^]/gu;
    const escaped = (character) => (/[\\^$.*+?()[\]{}|/-]/.test(character) ? '\\' + character : character);
    let result = '';
    let inClass = false;
    let afterSet = false;
    const tokens = source.match(token) || [];
    tokens.forEach((part, index) => {
      const isSet = /^\\[dDwWsSpP]/.test(part);
      if (inClass && part === '-') {
        // A hyphen beside a set of characters is itself, and only some readers say so without a backslash.
        const next = tokens[index + 1] || '';
        result += afterSet || /^\\[dDwWsSpP]/.test(next) ? '\\-' : '-';
      } else if (part === '\\s') result += inClass ? SPACE : `[${SPACE}]`;
      else if (part === '\\S') result += inClass ? NO_SPACE : `[${NO_SPACE}]`;
      else if (/^\\[^A-Za-z0-9]$/u.test(part)) {
        result += part === '\\-' && !inClass ? '-' : escaped(part[1]);
      } else if (!inClass && part === '.') result += '[^\\n]';
      else if (!inClass && /^[\]{}]$/.test(part)) result += '\\' + part;
      else result += part;
      if (!inClass && part === '[') inClass = true;
      else if (inClass && part === ']') inClass = false;
      afterSet = inClass && isSet;
    });
    return result;
  }

  const patterns = new Map();

  /** The longest text that a pattern is tried on which may take exponential time. */
  const LONGEST_RISK = 20;

  /** Whether something repeated or chosen stands in a group that is repeated itself: browsers know no limit. */
  function isRisky(source) {
    const token = /\\[^]|\[(?:\\[^]|[^\]\\])*\]|\{[0-9]+(?:,[0-9]*)?\}|[^]/gu;
    const groups = [false];
    let closed = false;
    let before = '';
    for (const part of source.match(token) || []) {
      const isRepeated = /^(?:[*+]|\{[0-9]+,?[0-9]*\})$/.test(part);
      if (isRepeated && closed) return true;
      closed = false;
      if (part === '(') groups.push(false);
      else if (part === ')' && groups.length > 1) {
        closed = groups.pop();
        if (closed) groups[groups.length - 1] = true;
      } else if (isRepeated || part === '|' || (part === '?' && before !== '(')) groups[groups.length - 1] = true;
      before = part;
    }
    return false;
  }

  /**
   * Whether the whole text matches; null where the pattern means nothing here, or might take for ever, and the
   * panel has to say.
   */
  function matches(source, text) {
    if (!patterns.has(source)) {
      let pattern = null;
      try {
        pattern = { expression: new RegExp(`^(?:${translated(source)})$`, 'u'), isRisky: isRisky(source) };
      } catch (error) {
        if (!(error instanceof SyntaxError)) throw error;
      }
      patterns.set(source, pattern);
    }
    const pattern = patterns.get(source);
    if (!pattern || (pattern.isRisky && text.length > LONGEST_RISK)) return null;
    return pattern.expression.test(text);
  }

  // MARK: Conditions

  /** The value of an input that has one which is not known here. */
  const UNKNOWN = Symbol('unknown');

  /** Whether the condition holds for what `scope` says of each name: its value and its kind. */
  function test(condition, scope) {
    return Object.keys(condition).every((key) => {
      const part = condition[key];
      if (key === '$all') return part.every((inner) => test(inner, scope));
      if (key === '$any') return part.some((inner) => test(inner, scope));
      if (key === '$not') return !test(part, scope);
      return Object.keys(part).every((operator) => compares(key, operator, part[operator], scope));
    });
  }

  /** Of null only `eq` with null and `set: false` hold; every other comparison with it is false. */
  function compares(name, operator, operand, scope) {
    const left = scope.value(name);
    const kind = scope.kind(name);
    if (left === UNKNOWN) return operator === 'set' ? operand : operator === 'ne' && operand === null;
    const right = (side) => (side !== null && typeof side === 'object' ? scope.value(side.field) : side);
    const isSame = (side) => {
      const value = right(side);
      if (left === null || value === null) return left === value;
      return kind === 'version' ? orderOf(kind, left, value) === 0 : left === value;
    };
    // `ne: null` asks for any value at all; to differ from another input, that one needs a value, too.
    const differs = (side) => side === null || (typeof right(side) === 'string' && !isSame(side));
    if (operator === 'set') return (left !== null) === operand;
    if (operator === 'eq') return isSame(operand);
    if (operator === 'in') return operand.some(isSame);
    if (left === null) return false;
    if (operator === 'ne') return differs(operand);
    if (operator === 'not_in') return operand.every(differs);
    if (operator === 'matches') return matches(operand, left) === true;
    if (operator === 'not_matches') return matches(operand, left) === false;
    const value = right(operand);
    if (typeof value !== 'string') return false;
    const order = orderOf(kind, left, value);
    switch (operator) {
      case 'gt': return order !== null && order > 0;
      case 'gte': return order !== null && order >= 0;
      case 'lt': return order !== null && order < 0;
      case 'lte': return order !== null && order <= 0;
      case 'starts_with': return left.startsWith(value);
      case 'ends_with': return left.endsWith(value);
      case 'contains':
        return kind === 'list' ? left !== '' && left.split(',').includes(value) : left.includes(value);
      default: return false;
    }
  }

  /** The names whose values decide, those on the right sides among them. */
  function subjects(condition) {
    return Object.keys(condition).flatMap((key) => {
      const part = condition[key];
      if (key === '$all' || key === '$any') return part.flatMap(subjects);
      if (key === '$not') return subjects(part);
      const sides = Object.keys(part).flatMap((operator) => part[operator]);
      return [key, ...sides.filter((side) => side !== null && typeof side === 'object').map((side) => side.field)];
    });
  }

  const inputsOf = (condition) => (condition ? subjects(condition).filter((name) => !name.startsWith('$')) : []);

  const plans = new WeakMap();

  /** The form's fields by name, and in an order in which each comes after those its visibility depends on. */
  function planOf(form) {
    if (plans.has(form)) return plans.get(form);
    // What an action does not ask keeps what it has.
    const all = form.fields.concat((form.kept || []).map((field) => ({ ...field, isKept: true })));
    const fields = new Map(all.map((field) => [field.name, field]));
    const open = new Map();
    const dependents = new Map(all.map((field) => [field.name, []]));
    all.forEach((field) => {
      const needs = new Set(inputsOf(field.visible_if).filter((name) => fields.has(name)));
      open.set(field.name, needs.size);
      needs.forEach((name) => dependents.get(name).push(field.name));
    });
    const order = all.map((field) => field.name).filter((name) => open.get(name) === 0);
    for (let index = 0; index < order.length; index += 1) {
      dependents.get(order[index]).forEach((name) => {
        open.set(name, open.get(name) - 1);
        if (open.get(name) === 0) order.push(name);
      });
    }
    // No manifest has a cycle; the fields of one would come last.
    const rest = all.map((field) => field.name).filter((name) => open.get(name) > 0);
    const plan = { fields, order: [...order, ...rest].map((name) => fields.get(name)) };
    plans.set(form, plan);
    return plan;
  }

  function scopeOf(form, context, inputValue) {
    const { fields } = planOf(form);
    return {
      value(name) {
        const value = name.startsWith('$') ? own(context, name) : inputValue(name);
        if (value === undefined || value === null) return null;
        return typeof value === 'symbol' ? value : String(value);
      },
      kind: (name) => kindOf(name.startsWith('$') ? name : (fields.get(name) || {}).type),
    };
  }

  function holds(condition, values, context, form) {
    return test(condition, scopeOf(form, context, (name) => own(values, name)));
  }

  // MARK: Types

  /** Why a value is refused; the predicate is the rest of a sentence, and the value itself is never in it. */
  class Problem {
    constructor(code, predicate, sentence = `the value ${predicate}`) {
      this.code = code;
      this.message = sentence;
    }
  }

  const onlyIf = (isValue) => (text) => (isValue(text) ? text : null);
  const isLabel = (text) => /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/.test(text);
  const isIPv4 = (text) =>
    text.split('.').length === 4 && text.split('.').every((part) => /^(?:0|[1-9][0-9]{0,2})$/.test(part) && Number(part) < 256);

  function isHostname(text) {
    const labels = text.split('.');
    // A name whose last label is a number, as C writes them, would be read as an IPv4 address.
    return text.length <= 253 && labels.every(isLabel) && !/^(?:[0-9]+|0[xX][0-9A-Fa-f]*)$/.test(labels[labels.length - 1]);
  }

  function isIPv6(text) {
    const halves = text.split('::');
    if (text.length > 45 || halves.length > 2) return false;
    const groups = halves.flatMap((half) => (half === '' ? [] : half.split(':')));
    const hasTail = halves[halves.length - 1] !== '' && groups.length > 0 && groups[groups.length - 1].includes('.');
    if (hasTail && !isIPv4(groups.pop())) return false;
    if (!groups.every((group) => /^[0-9A-Fa-f]{1,4}$/.test(group))) return false;
    const count = groups.length + (hasTail ? 2 : 0);
    return halves.length === 1 ? count === 8 : count <= 7;
  }

  function isNetwork(text) {
    const [address, length, ...more] = text.split('/');
    if (more.length > 0 || !/^(?:0|[1-9][0-9]{0,2})$/.test(length || '')) return false;
    return (isIPv4(address) && Number(length) <= 32) || (isIPv6(address) && Number(length) <= 128);
  }

  function isEmail(text) {
    const [local, domain, ...more] = text.split('@');
    if (domain === undefined || more.length > 0 || text.length > 254 || local.length > 64) return false;
    return local.split('.').every((atom) => /^[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~]+$/.test(atom))
      && domain.includes('.') && isHostname(domain);
  }

  function isURL(text) {
    const match = /^[A-Za-z][A-Za-z0-9+.-]*:\/\/([^/?#]*)(.*)$/s.exec(text);
    if (!match || text.length > 2048) return false;
    const [, host, rest] = /^(\[[^\]]*\]|[^:]*)(.*)$/s.exec(match[1]);
    const isHost = host.startsWith('[') ? isIPv6(host.slice(1, -1)) : isIPv4(host) || isHostname(host);
    const isPort = rest === '' || (/^:[1-9][0-9]{0,4}$/.test(rest) && Number(rest.slice(1)) < 65536);
    return isHost && isPort && /^(?:[A-Za-z0-9\-._~:/?#@!$&'()*+,;=]|%[0-9A-Fa-f]{2})*$/.test(match[2]);
  }

  function isPath(text) {
    if (!text.startsWith('/') || byteCount(text) > 4095) return false;
    return text === '/' || text.slice(1).split('/').every(
      (part) => part !== '' && part !== '.' && part !== '..' && byteCount(part) <= 255);
  }

  function isDate(text) {
    const match = /^([0-9]{4})-([0-9]{2})-([0-9]{2})$/.exec(text);
    if (!match) return false;
    const [year, month, day] = match.slice(1).map(Number);
    const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
    const days = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    return year > 0 && month >= 1 && month <= 12 && day >= 1 && day <= days[month - 1];
  }

  const CRON_FIELDS = [
    [0, 59, []], [0, 23, []], [1, 31, []],
    [1, 12, ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']],
    [0, 7, ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat']],
  ];

  function isCronItem(text, [least, most, names]) {
    const number = (word) => {
      if (/^[A-Za-z]{3}$/.test(word) && names.includes(word.toLowerCase())) return names.indexOf(word.toLowerCase()) + least;
      return /^[0-9]{1,2}$/.test(word) && Number(word) >= least && Number(word) <= most ? Number(word) : null;
    };
    const [, base, step] = /^([^/]*)(?:\/(.*))?$/s.exec(text);
    if (step !== undefined) {
      const isStep = /^[1-9][0-9]?$/.test(step) && Number(step) <= most;
      if (!isStep || !(base === '*' || base.includes('-'))) return false;
    }
    if (base === '*') return true;
    const ends = base.split('-').map(number);
    return ends.length <= 2 && !ends.includes(null) && ends[0] <= ends[ends.length - 1];
  }

  function isCron(text) {
    if (/^@(?:reboot|yearly|annually|monthly|weekly|daily|midnight|hourly)$/.test(text)) return true;
    const words = text.split(' ');
    return words.length === 5
      && words.every((word, index) => word.split(',').every((item) => isCronItem(item, CRON_FIELDS[index])));
  }

  /** How many fields each type's key has, its name among them. */
  const KEY_FIELDS = new Map([
    ['ssh-ed25519', 2], ['ssh-rsa', 3], ['ecdsa-sha2-nistp256', 3], ['ecdsa-sha2-nistp384', 3],
    ['ecdsa-sha2-nistp521', 3], ['sk-ssh-ed25519@openssh.com', 3], ['sk-ecdsa-sha2-nistp256@openssh.com', 4],
  ]);

  /** The fields of a key, each behind its length in four bytes; null where it ends elsewhere than a field. */
  function keyFields(key) {
    const fields = [];
    let rest = key;
    while (rest !== '') {
      const length = [0, 1, 2, 3].reduce((sum, index) => sum * 256 + rest.charCodeAt(index), 0);
      if (!(length <= rest.length - 4) || fields.length === 4) return null;
      fields.push(rest.slice(4, 4 + length));
      rest = rest.slice(4 + length);
    }
    return fields;
  }

  /** Whether the fields behind the type's name are a key of the type, each as long as sshd wants it. */
  function fitsKey(type, fields) {
    const code = (field, index) => field.charCodeAt(index);
    if (type.endsWith('ed25519') || type === 'sk-ssh-ed25519@openssh.com') return fields[0].length === 32;
    if (type === 'ssh-rsa') {
      const modulus = fields[1].replace(/^\0+/, '');
      const bits = modulus === '' ? 0 : modulus.length * 8 - (Math.clz32(code(modulus, 0)) - 24);
      return code(fields[0], 0) < 0x80 && code(fields[1], 0) < 0x80 && bits >= 1024 && bits <= 16384
        && code(fields[0], fields[0].length - 1) % 2 === 1 && fields[0] !== '\x01';
    }
    const curve = /nistp(?:256|384|521)/.exec(type)[0];
    const sizes = { nistp256: 65, nistp384: 97, nistp521: 133 };
    return fields[0] === curve && fields[1].length === sizes[curve] && code(fields[1], 0) === 4;
  }

  function isPublicKey(text) {
    const match = /^([^ ]+) ([A-Za-z0-9+/]+={0,2})(?: [ -~]*)?$/.exec(text);
    if (!match || !KEY_FIELDS.has(match[1]) || match[2].length % 4 !== 0) return false;
    const key = atob(match[2]);
    const fields = keyFields(key);
    return btoa(key) === match[2] && fields !== null && fields.length === KEY_FIELDS.get(match[1])
      && fields[0] === match[1] && !fields.includes('') && fitsKey(match[1], fields.slice(1));
  }

  /** The amount in the smallest unit; a number alone is in that unit already. */
  const amount = (units) => (text) => {
    const factor = units[text.slice(-1)];
    const number = wholeNumber(factor === undefined ? text : text.slice(0, -1));
    if (number === null || number < 0n) return null;
    const product = number * (factor || 1n);
    return product <= LARGEST ? String(product) : null;
  };

  const isPort = (text) => /^[1-9][0-9]{0,4}$/.test(text) && Number(text) < 65536;
  // Which zones there are is for the panel to say.
  const isZone = (text) => /^[A-Z][A-Za-z0-9_+-]*(?:\/[A-Z][A-Za-z0-9_+-]*){0,2}$/.test(text);

  /** Each type's canonical text of a text, null for no value of the type; and what is said then. */
  const GRAMMARS = new Map([
    ['integer', [onlyIf((text) => wholeNumber(text) !== null), 'is not a whole number']],
    ['number', [(text) => decimal(text) && decimalText(decimal(text)), "is not a number such as '12' or '0.5'"]],
    ['boolean', [onlyIf((text) => text === 'true' || text === 'false'), "is not 'true' or 'false'"]],
    ['multiselect', [onlyIf((text) => !text.split(',').includes('')), 'has an empty item']],
    ['email', [onlyIf(isEmail), 'is not an e-mail address']],
    ['port', [onlyIf(isPort), 'is not a port (1–65535)']],
    ['hostname', [onlyIf(isHostname), 'is not a host name']],
    ['url', [onlyIf(isURL), "is not a URL such as 'https://example.com/path'"]],
    ['ip', [onlyIf((text) => isIPv4(text) || isIPv6(text)), 'is not an IP address']],
    ['cidr', [onlyIf(isNetwork), "is not an IP network such as '10.0.0.0/8'"]],
    ['path', [onlyIf(isPath), "is not a full path, without '.', '..', double slashes or one at its end"]],
    ['username', [onlyIf((text) => /^[a-z_][a-z0-9_-]{0,31}$/.test(text)),
      "is not an account's name: lower-case letters, digits, '_' and '-', at most 32"]],
    ['duration', [amount({ s: 1n, m: 60n, h: 3600n, d: 86400n }), "is not a duration such as '90s', '10m', '2h' or '7d'"]],
    ['size', [amount({ K: 2n ** 10n, M: 2n ** 20n, G: 2n ** 30n, T: 2n ** 40n }), "is not a size such as '65536', '512M' or '2G'"]],
    ['timezone', [onlyIf(isZone), "is not a time zone such as 'Europe/Berlin' or 'UTC'"]],
    ['cron', [onlyIf(isCron), "is not five fields of cron such as '30 4 * * mon-fri', nor one of its nicknames"]],
    ['ssh_public_key', [onlyIf(isPublicKey), "is not a public key such as 'ssh-ed25519 AAAA… name'"]],
    ['date', [onlyIf(isDate), "is not a date such as '2026-02-28'"]],
  ]);

  // MARK: Values

  const FORBIDDEN = /[\0-\x08\x0B-\x1F\x7F-\x9F\u061C\u200E\u200F\u2028-\u202E\u2066-\u2069\uFEFF]|\p{Mn}{31}/u;
  const isTrimmed = (type) =>
    !['password', 'text', 'select', 'multiselect'].includes(type) && ['text', 'date'].includes(kindOf(type));

  /** The text without spaces at either end; no other white space is touched. */
  function trimmed(text) {
    let [start, end] = [0, text.length];
    while (start < end && text[start] === ' ') start += 1;
    while (start < end && text[end - 1] === ' ') end -= 1;
    return text.slice(start, end);
  }

  /** The canonical text of what was given, null where it is no answer; throws a `Problem`. */
  function canonicalText(field, given) {
    const { type } = field;
    let text = given;
    if (typeof given === 'boolean' && type === 'boolean') text = String(given);
    else if ((typeof given === 'number' || typeof given === 'bigint') && kindOf(type) === 'number') text = String(given);
    else if (Array.isArray(given) && type === 'multiselect' && given.every((item) => typeof item === 'string')) {
      if (given.includes('')) throw new Problem('allowed_values', 'has an empty item');
      if (given.some((item) => item.includes(','))) throw new Problem('allowed_values', 'has an item with a comma');
      text = given.join(',');
    } else if (typeof given !== 'string') throw new Problem('type', 'is of another kind');
    if (text === '' || (isTrimmed(type) && trimmed(text) === '')) return null;
    if (byteCount(text) > 32768) throw new Problem('size', 'is longer than 32768 bytes');
    if (FORBIDDEN.test(text) || (type !== 'text' && /[\t\n]/.test(text))) {
      throw new Problem('characters', 'holds a character that it may not hold');
    }
    if (isTrimmed(type)) text = trimmed(text);
    if (type === 'password' && scalarCount(text) < 4) throw new Problem('min_length', 'is shorter than 4 characters');
    if (type === 'password' && byteCount(text) > 1024) throw new Problem('size', 'is longer than 1024 bytes');
    const [grammar, message] = GRAMMARS.get(type) || [(same) => same];
    const canonical = grammar(text);
    if (canonical === null) throw new Problem('type', message);
    checkRules(field, canonical);
    return canonical;
  }

  function checkRules(field, text) {
    const refuseIf = (isWrong, code, message) => {
      if (isWrong) throw new Problem(code, message);
    };
    const limit = (name) => own(field, name);
    const { type } = field;
    if (type === 'string' || type === 'text' || type === 'path') {
      if (field.charset !== 'unicode') refuseIf(/[^\0-\x7F]/.test(text), 'charset', 'holds a character that is not ASCII');
      else refuseIf(text.normalize('NFC') !== text, 'charset', "is not in Unicode's composed form (NFC)");
    }
    if (type === 'url') {
      const schemes = field.schemes || ['http', 'https'];
      refuseIf(!schemes.includes(text.split(':')[0].toLowerCase()), 'scheme', `does not begin with ${schemes.join(':// or ')}://`);
    }
    if (field.under) {
      const isInside = field.under.some((folder) => folder === '/' || text === folder || text.startsWith(folder + '/'));
      refuseIf(!isInside, 'under', `does not lie in ${field.under.join(' or ')}`);
    }
    refuseIf(scalarCount(text) < limit('min_length'), 'min_length', `is shorter than ${limit('min_length')} characters`);
    refuseIf(scalarCount(text) > limit('max_length'), 'max_length', `is longer than ${limit('max_length')} characters`);
    if (kindOf(type) === 'number') checkNumber(field, decimal(text), refuseIf);
    const items = type === 'multiselect' ? text.split(',') : [text];
    const isAllowed = (item) => !field.allowed_values || field.allowed_values.some((allowed) => allowed.value === item);
    const isDenied = (item) => (field.denied_values || []).includes(item);
    refuseIf(!items.every(isAllowed), 'allowed_values', 'is not one of the values to choose from');
    refuseIf(items.some(isDenied), 'denied_values', 'is not to be used here; choose another value');
    if (type !== 'multiselect') return;
    refuseIf(items.length < limit('min_items'), 'min_items', `has fewer than ${limit('min_items')} items`);
    refuseIf(items.length > limit('max_items'), 'max_items', `has more than ${limit('max_items')} items`);
    refuseIf(field.unique_items && new Set(items).size < items.length, 'unique_items', 'has an item twice');
  }

  function checkNumber(field, number, refuseIf) {
    // Bounds come as texts, for a number of JSON would be rounded on the way in.
    const against = (name, isWrong) => {
      const bound = own(field, name);
      return bound !== undefined && isWrong(...aligned(number, decimal(String(bound))));
    };
    refuseIf(against('min_value', (value, bound) => value < bound), 'min_value', `is less than ${field.min_value}`);
    refuseIf(against('max_value', (value, bound) => value > bound), 'max_value', `is more than ${field.max_value}`);
    refuseIf(against('multiple_of', (value, step) => value % step !== 0n), 'multiple_of', `is not a multiple of ${field.multiple_of}`);
    refuseIf(field.privileged === 'deny' && number.digits < 1024n, 'privileged', 'is a port below 1024, which is not to be used here');
  }

  // MARK: The whole form

  const given = (raw, name) => {
    const value = own(raw, name);
    return value === undefined ? null : value;
  };

  /** The value that an input has when nobody answers it, or null. */
  function kept(field, context) {
    const current = own(own(context, 'current'), field.name);
    if (current !== undefined) return current;
    if (field.default !== undefined) return field.default;
    return field.has_default ? UNKNOWN : null;
  }

  function answer(field, raw, context) {
    const value = given(raw, field.name);
    const text = value === null ? null : canonicalText(field, value);
    if (text === null) {
      const stands = kept(field, context);
      return stands === null && field.generate ? UNKNOWN : stands;
    }
    if (field.pattern && matches(field.pattern, text) === false) {
      throw new Problem('pattern', 'does not have the form that is asked for', field.pattern_error);
    }
    return text;
  }

  /** `isUnsure` where an answer that decides about the field is wrong itself: then a value of it is judged all the same. */
  function judge(field, raw, context, scope, isUnsure) {
    const state = { visible: true, required: false, readonly: false, value: null, error: null };
    state.visible = !field.visible_if || test(field.visible_if, scope);
    if (field.isKept) {
      if (state.visible) state.value = kept(field, context);
      return state;
    }
    if (!state.visible && (!isUnsure || given(raw, field.name) === null)) return state;
    try {
      const value = answer(field, raw, context);
      if (state.visible) state.value = value;
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      state.error = { code: problem.code, message: problem.message };
    }
    return state;
  }

  /** What takes all values: what has to be answered, and what may not be changed. */
  function judgeWhatIsLeft(field, state, raw, context, scope) {
    const isAsked = (condition) => Boolean(condition) && test(condition, scope);
    const isFixed = field.immutable === 'after_install' && scope.value('$installed') === 'true';
    state.required = Boolean(field.required) || isAsked(field.required_if);
    state.readonly = isFixed || isAsked(field.readonly_if);
    if (state.error) return;
    const stands = kept(field, context);
    if (state.value === null) {
      if (state.required) state.error = { code: 'required', message: 'an answer is required' };
    } else if (state.readonly && given(raw, field.name) !== null && ![state.value, stands].includes(UNKNOWN) && state.value !== stands) {
      state.error = isFixed
        ? { code: 'immutable', message: 'the value cannot be changed once the application is installed' }
        : { code: 'readonly', message: 'the value cannot be changed with these answers' };
    }
  }

  function evaluate(form, raw, context) {
    const { fields, order } = planOf(form);
    const states = new Map();
    const scope = scopeOf(form, context, (name) => (states.has(name) ? states.get(name).value : null));
    const unsure = new Set();
    for (const field of order) {
      const isUnsure = inputsOf(field.visible_if).some((name) => unsure.has(name));
      const state = judge(field, raw, context, scope, isUnsure);
      states.set(field.name, state);
      if (state.error || (isUnsure && !state.visible)) unsure.add(field.name);
    }
    const late = order.filter((field) => !field.isKept && states.get(field.name).visible);
    for (const field of late) judgeWhatIsLeft(field, states.get(field.name), raw, context, scope);
    const isInOrder = (name) => !states.has(name) || !states.get(name).error;
    const rules = (form.rules || [])
      .filter((rule) => [...inputsOf(rule.assert), ...rule.fields].every(isInOrder) && !test(rule.assert, scope))
      .map((rule) => ({ id: rule.id, field: rule.fields[0] || '', message: rule.message, severity: rule.severity }));
    const groups = Object.create(null);
    for (const group of form.groups || []) groups[group.id] = !group.visible_if || test(group.visible_if, scope);
    // An input may be called `__proto__`.
    const result = Object.create(null);
    for (const { name } of form.fields) {
      const state = states.get(name);
      result[name] = { ...state, value: state.value === UNKNOWN ? null : state.value };
    }
    return { fields: result, groups, rules };
  }

  // MARK: The page

  /**
   * Whether the condition asks for a fact about the server that is not known on this page, or for one of the
   * inputs that hang upon such a fact.
   */
  function isOpen(condition, context, openFields) {
    return Boolean(condition) && subjects(condition).some((name) =>
      name.startsWith('$') ? [undefined, null].includes(own(context, name)) : openFields.has(name));
  }

  function valueOf(control) {
    if (control.type === 'checkbox') return control.checked;
    if (control.multiple) return [...control.selectedOptions].map((option) => option.value);
    return control.value;
  }

  /** One field of the page. */
  function partOf(wrapper) {
    const control = wrapper.querySelector('input, select, textarea');
    const message = wrapper.ownerDocument.createElement('div');
    message.className = 'error';
    message.id = `error-${wrapper.dataset.field}`;
    message.setAttribute('aria-live', 'polite');
    wrapper.appendChild(message);
    control.setAttribute('aria-describedby', message.id);
    return { wrapper, control, message, mark: wrapper.querySelector('[data-mark]') };
  }

  function show({ wrapper, control, message, mark }, state, texts) {
    wrapper.hidden = !state.visible;
    if (mark) mark.textContent = state.required ? ' *' : '';
    control.setAttribute('aria-required', String(state.required));
    control.setAttribute('aria-invalid', String(texts.length > 0));
    // A wrong value is never locked in.
    const isLocked = state.readonly && !state.error;
    const takesReadOnly = control.tagName !== 'SELECT' && control.type !== 'checkbox';
    if (takesReadOnly) control.readOnly = isLocked;
    control.disabled = !state.visible || (isLocked && !takesReadOnly);
    message.textContent = texts.join('; ');
  }

  function attach(element, form, context) {
    const parts = new Map([...element.querySelectorAll('[data-field]')]
      .map((wrapper) => [wrapper.dataset.field, partOf(wrapper)]));
    const { fields, order } = planOf(form);
    const open = new Set();
    order.forEach((field) => {
      if (isOpen(field.visible_if, context, open)) open.add(field.name);
    });
    const touched = new Set();
    // Where rules speak that are about no field in particular.
    const whole = element.ownerDocument.createElement('div');
    whole.className = 'error';
    element.appendChild(whole);

    function update() {
      const raw = Object.create(null);
      parts.forEach(({ control }, name) => { raw[name] = valueOf(control); });
      const result = evaluate(form, raw, context);
      const openRules = form.rules.filter((rule) => isOpen(rule.assert, context, open)).map((rule) => rule.id);
      const broken = touched.size > 0 ? result.rules.filter((rule) => !openRules.includes(rule.id)) : [];
      parts.forEach((part, name) => {
        const field = fields.get(name);
        const state = result.fields[name];
        if (!state) return;
        // What hangs upon an unknown server is shown and not insisted on: the panel decides when it knows.
        if (open.has(name)) state.visible = true;
        if (!field.required && isOpen(field.required_if, context, open)) {
          state.required = false;
          if (state.error && state.error.code === 'required') state.error = null;
        }
        const texts = state.error && touched.has(name) ? [state.error.message] : [];
        if (part.control.validity && part.control.validity.badInput) texts.splice(0, 1, 'the value is not a number');
        broken.filter((rule) => rule.field === name).forEach((rule) => texts.push(rule.message));
        show(part, state, texts);
      });
      whole.textContent = broken.filter((rule) => !parts.has(rule.field)).map((rule) => rule.message).join('; ');
      element.querySelectorAll('[data-group]').forEach((group) => {
        const { visible_if: condition } = form.groups.find(({ id }) => id === group.dataset.group) || {};
        const isEmpty = [...group.querySelectorAll('[data-field]')].every((wrapper) => wrapper.hidden);
        group.hidden = isEmpty || (result.groups[group.dataset.group] === false && !isOpen(condition, context, open));
      });
    }

    const react = (event) => {
      const wrapper = event.target.closest('[data-field]');
      if (wrapper) touched.add(wrapper.dataset.field);
      update();
    };
    ['input', 'change', 'focusout'].forEach((name) => element.addEventListener(name, react));
    update();
  }

  const api = { holds, evaluate, attach };
  globalThis.ProvisionForm = api;
  if (typeof module === 'object' && module.exports) module.exports = api;

  if (typeof document === 'object') {
    const data = document.getElementById('form-data');
    const element = document.querySelector('form[data-form]');
    if (data && element) {
      const { form, context } = JSON.parse(data.textContent);
      attach(element, form, context);
    }
  }
})();
