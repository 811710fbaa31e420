// What stands around every view: the head with the navigation, the foot, and the line that tells outcomes.

import { BASE, signOut } from './api.js';
import { fill, h } from './dom.js';
import { keep, kept } from './keep.js';
import { problemText } from './notice.js';
import { LANGUAGES, chooseLanguage, language, t } from './words.js';

/** @typedef {import('./types.js').View} View */

const THEME = 'jeton.theme';
/** How long an outcome stays to be read. */
const OUTCOME_MS = 9_000;

/**
 * @typedef {object} Frame
 * @property {HTMLElement} main where views go
 * @property {(text: string) => void} say tells an outcome; an empty text takes the last one away
 * @property {(now: { path: string, account: import('./types.js').Account | null }) => void} draw draws head and foot anew
 */

/**
 * Builds the frame into the page.
 *
 * @param {object} parts
 * @param {View[]} parts.views
 * @param {import('./types.js').Settings} parts.settings
 * @param {() => void} parts.onLanguage called when everything has to be drawn anew
 * @returns {Frame}
 */
export function buildFrame({ views, settings, onLanguage }) {
  const skip = h('a', { class: 'skip', href: '#content' });
  const head = h('header', { class: 'head' });
  const nav = h('nav', { class: 'nav', id: 'navigation' });
  const main = h('main', { id: 'content', tabindex: '-1' });
  const foot = h('footer', { class: 'foot' });
  const outcome = h('div', { class: 'outcome', id: 'outcome', role: 'status' });
  skip.addEventListener('click', (event) => {
    // The part after `#` is the address of a view.
    event.preventDefault();
    main.focus();
  });
  document.body.append(skip, head, h('div', { class: 'middle' }, nav, main), foot, outcome);

  let timer = 0;
  /** @param {string} text */
  const say = (text) => {
    clearTimeout(timer);
    fill(outcome, text === '' ? null : h('p', {}, text));
    timer = setTimeout(() => outcome.replaceChildren(), OUTCOME_MS);
  };

  /** @type {Frame['draw']} */
  const draw = ({ path, account }) => {
    const focused = document.activeElement?.id ?? '';
    skip.textContent = t('shell.skip');
    nav.setAttribute('aria-label', t('shell.navigation'));
    fill(head, brand(settings.product), account ? menuButton(nav) : null, account ? who(account.email, say) : null);
    fill(nav, ...(account ? sections(views, path, account.roles) : []));
    nav.hidden = account === null;
    nav.classList.remove('open');
    fill(foot, languageChoice(onLanguage), themeChoice(), h('a', { href: new URL('docs', BASE).href }, t('shell.docs')));
    if (focused) document.getElementById(focused)?.focus();
  };
  return { main, say, draw };
}

/** @param {string} product */
function brand(product) {
  const src = new URL('icon.svg', import.meta.url).href;
  return h('a', { class: 'brand', href: '#/' }, h('img', { src, alt: '', width: 28, height: 28 }), product);
}

/** @param {HTMLElement} nav */
function menuButton(nav) {
  const button = h('button', { type: 'button', id: 'menu', class: 'button menu', 'aria-controls': nav.id });
  button.setAttribute('aria-expanded', 'false');
  button.textContent = t('shell.menu');
  button.addEventListener('click', () => {
    const open = nav.classList.toggle('open');
    button.setAttribute('aria-expanded', String(open));
  });
  return button;
}

/**
 * @param {string} email
 * @param {(text: string) => void} say
 */
function who(email, say) {
  const leave = h('button', { type: 'button', id: 'sign-out', class: 'button' }, t('shell.sign_out'));
  leave.addEventListener('click', () => signOut().catch((error) => say(problemText(error))));
  const shown = h('span', { class: 'email', title: t('shell.signed_in_as', { email }) }, email);
  return h('div', { class: 'who' }, shown, leave);
}

/**
 * @param {View[]} views
 * @param {string} path
 * @param {string[]} roles
 */
function sections(views, path, roles) {
  const titles = { account: t('shell.nav.account'), learn: t('shell.nav.learn'), admin: t('shell.nav.admin') };
  const names = /** @type {('account' | 'learn' | 'admin')[]} */ (Object.keys(titles));
  return names.flatMap((name) => {
    const mayUse = (/** @type {View} */ view) => view.needs !== 'admin' || roles.includes('admin');
    const own = views.filter((view) => view.nav === name && mayUse(view));
    if (own.length === 0) return [];
    const id = `nav-${name}`;
    const items = own.map((view) => {
      const here = view.path === path ? 'page' : undefined;
      return h('li', {}, h('a', { href: `#${view.path}`, 'aria-current': here }, t(view.title)));
    });
    return [h('h2', { id, class: 'nav-title' }, titles[name]), h('ul', { 'aria-labelledby': id }, ...items)];
  });
}

/** @param {() => void} changed */
function languageChoice(changed) {
  const select = h('select', { id: 'language', class: 'select' });
  for (const [tag, name] of Object.entries(LANGUAGES)) {
    select.append(h('option', { value: tag, lang: tag, selected: tag === language() }, name));
  }
  select.addEventListener('change', () => {
    chooseLanguage(/** @type {import('./words.js').Language} */ (select.value));
    changed();
  });
  return h('label', { class: 'choice' }, h('span', {}, t('shell.language')), select);
}

function themeChoice() {
  const select = h('select', { id: 'theme', class: 'select' });
  const names = { auto: t('shell.theme.auto'), light: t('shell.theme.light'), dark: t('shell.theme.dark') };
  const chosen = kept(THEME) ?? 'auto';
  for (const [value, name] of Object.entries(names)) {
    select.append(h('option', { value, selected: value === chosen }, name));
  }
  select.addEventListener('change', () => {
    keep(THEME, select.value === 'auto' ? null : select.value);
    if (select.value === 'auto') delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = select.value;
  });
  return h('label', { class: 'choice' }, h('span', {}, t('shell.theme')), select);
}
