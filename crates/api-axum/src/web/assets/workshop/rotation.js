// Refresh rotation to try: a chain of tokens, a lost answer, ten tabs at once, and a thief.

import { call } from '../api.js';
import { fill, focusOn, h, put } from '../dom.js';
import { action } from '../forms.js';
import { notice, problemNotice } from '../notice.js';
import { ago } from '../time.js';
import { t } from '../words.js';
import { askServer, publicKeys, serverText, verdictText } from './bend.js';
import { takeApart, verify } from './jwt.js';
import { openingForm } from './open.js';
import { endPractice, inTabs, practiceOf, refreshOnce, repeatLast, replay } from './practice.js';
import { countdown } from './token.js';

/** @typedef {import('./practice.js').Practice} Practice */

const TABS = 10;

/** @param {import('../types.js').Account} account */
export function rotationSection(account) {
  const body = h('div', { class: 'practice' });
  const title = h('h2', { id: 'practice-title' }, t('workshop.rotation.title'));
  const draw = () => {
    const own = practiceOf(account.id);
    if (own) fill(body, ...bench(own, leave));
    else fill(body, h('p', {}, t('workshop.open.text')), openingForm(account, begun));
  };
  const begun = () => {
    draw();
    focusOn(title);
  };
  const leave = async () => {
    await endPractice();
    draw();
    focusOn(title);
  };
  draw();
  return h('section', { class: 'card', 'aria-labelledby': 'practice-title' }, title, h('p', {}, t('workshop.rotation.text')), body);
}

/**
 * Where the session is worked at.
 *
 * @param {Practice} own
 * @param {() => Promise<void>} leave
 */
function bench(own, leave) {
  const chain = h('ol', { class: 'chain', id: 'chain', 'aria-label': t('workshop.chain') });
  const story = h('ol', { class: 'story', id: 'story' });
  const log = h('div', { role: 'log', 'aria-label': t('workshop.story') }, story);
  const outcome = h('div', { id: 'practice-outcome', role: 'status' });
  const hint = h('p', { class: 'hint', id: 'thief-hint' }, t('workshop.do.replay.hint'));
  /** @type {Map<string, HTMLButtonElement>} */
  const buttons = new Map();

  const draw = () => {
    fill(chain, ...own.chain.map((link, index) => linkItem(link, index, own)));
    // Only what is new, which is all that a screen reader then reads.
    put(story, ...own.story.slice(story.childElementCount).map(storyItem));
    const last = own.chain.at(-1)?.generation ?? 0;
    const possible = { refresh: !own.ended, repeat: !own.ended && last > 0, tabs: !own.ended, replay: !own.ended && last > 1 };
    for (const [name, yes] of Object.entries(possible)) buttons.get(name)?.setAttribute('aria-disabled', String(!yes));
    hint.hidden = own.ended || last > 1;
  };
  /**
   * @param {'refresh' | 'repeat' | 'tabs' | 'replay'} name
   * @param {() => Promise<Node | null>} work
   */
  const step = (name, work) => {
    const button = action({
      id: `practice-${name}`,
      label: t(`workshop.do.${name}`),
      kind: name === 'replay' ? 'danger' : '',
      onClick: async () => {
        if (button.getAttribute('aria-disabled') === 'true') return;
        outcome.replaceChildren();
        const said = await work();
        draw();
        fill(outcome, said);
      },
      failed: (error) => fill(outcome, problemNotice(error)),
    });
    if (name === 'replay') button.setAttribute('aria-describedby', hint.id);
    buttons.set(name, button);
    return h('li', {}, h('p', {}, t(`workshop.do.${name}.text`)), button);
  };
  const steps = h(
    'ol',
    { class: 'steps' },
    step('refresh', () => refreshOnce(own).then(() => null)),
    step('repeat', () => repeatLast(own).then(() => null)),
    step('tabs', async () => tabsNotice(await inTabs(own, TABS))),
    step('replay', async () => replayNotice(own, await replay(own))),
  );
  const end = action({
    id: 'practice-end',
    label: t('workshop.end'),
    onClick: leave,
    failed: (error) => fill(outcome, problemNotice(error)),
  });
  draw();
  return [
    h('h3', {}, t('workshop.chain')),
    h('p', { class: 'quiet' }, t('workshop.chain.text')),
    chain,
    steps,
    hint,
    outcome,
    h('h3', {}, t('workshop.story')),
    log,
    h('div', { class: 'actions' }, end),
  ];
}

/**
 * @param {import('./practice.js').Link} link
 * @param {number} index
 * @param {Practice} own
 */
function linkItem({ generation, print }, index, own) {
  const isNewest = index === own.chain.length - 1;
  const state = own.ended ? 'ended' : isNewest ? 'newest' : 'spent';
  const name = h('strong', {}, `T${generation}`);
  return h('li', { class: 'chain-link', 'data-state': state }, name, h('code', {}, print), h('span', {}, t(`workshop.chain.${state}`)));
}

/** @param {import('./practice.js').Happening} happening */
function storyItem({ kind, presented, print, generation }) {
  const values = { presented: `T${presented}`, next: `T${generation}`, print, tabs: TABS };
  return h('li', { 'data-kind': kind }, t(`workshop.story.${kind}`, values));
}

/** @param {string[]} prints */
function tabsNotice(prints) {
  const distinct = new Set(prints).size;
  const tabs = prints.map((print, index) => h('li', {}, t('workshop.tab', { number: index + 1 }), ' ', h('code', {}, print)));
  const verdict = t(distinct === 1 ? 'workshop.tabs.one' : 'workshop.tabs.several', { tabs: prints.length, distinct });
  return notice(distinct === 1 ? 'good' : 'error', h('p', { id: 'tabs-verdict' }, verdict), h('ol', { class: 'tabs' }, ...tabs));
}

/**
 * What is left of the session: an access token with a good signature that nobody takes.
 *
 * @param {Practice} own
 * @param {{ old: string, newest: string }} codes
 */
async function replayNotice(own, codes) {
  const [keys, there, event] = await Promise.all([publicKeys(), askServer(own.access), replayEvent(own.session)]);
  const here = keys ? await verify(own.access, keys) : 'unsupported';
  const left = countdown(takeApart(own.access).payload.json?.exp);
  const rows = [
    [t('workshop.replay.old', { generation: `T${own.chain[0]?.generation ?? 0}` }), t('workshop.verdict.refused', { answer: codes.old })],
    [t('workshop.replay.newest', { generation: `T${own.chain.at(-1)?.generation ?? 0}` }), t('workshop.verdict.refused', { answer: codes.newest })],
    [t('workshop.replay.signature'), `${verdictText(here)} ${left}`],
    [t('workshop.replay.access'), serverText(there)],
  ];
  const facts = rows.flatMap(([name, said]) => [h('dt', {}, name), h('dd', {}, said)]);
  const noted = event ? [t('workshop.replay.event'), ' ', ago(event.at), ' · ', h('code', {}, event.kind)] : [t('workshop.replay.no_event')];
  return notice(
    'error',
    h('p', {}, h('strong', {}, t('workshop.replay.caught'))),
    h('dl', { class: 'outcomes', id: 'replay-facts' }, ...facts),
    h('p', { id: 'replay-event' }, ...noted, ' ', h('a', { href: '#/activity' }, t('workshop.replay.events'))),
    h('p', {}, t('workshop.replay.so')),
  );
}

/** @param {string} session @returns {Promise<{ at: string, kind: string } | undefined>} */
async function replayEvent(session) {
  const { events } = await call('GET', 'v1/events?limit=20');
  return events.find((/** @type {any} */ event) => event.session_id === session && event.kind === 'refresh_replayed');
}
