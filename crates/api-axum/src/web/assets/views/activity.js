// Activity: the security events of the account, newest first.

import { call } from '../api.js';
import { focusOn, h, put } from '../dom.js';
import { action } from '../forms.js';
import { problemNotice } from '../notice.js';
import { ago, exact } from '../time.js';
import { t, tOr } from '../words.js';

const PAGE = 25;
/** What an owner should look at twice. */
const GRAVE = new Set(['refresh_replayed', 'refresh_diverged', 'account_disabled']);

/**
 * @typedef {object} SecurityEvent
 * @property {string} id
 * @property {string} at
 * @property {string} kind
 * @property {string | null} session_id
 * @property {{ kind: string, id: string | null }} actor
 * @property {string | null} ip
 * @property {string | null} user_agent
 * @property {string | null} detail
 * @property {{ rotated_at: string, rotated_by: { ip: string | null, user_agent: string | null } }} [evidence]
 */

/** @type {import('../types.js').View} */
export const activity = {
  path: '/activity',
  title: 'activity.title',
  needs: 'user',
  nav: 'account',
  async render(context) {
    const list = h('ol', { class: 'rows plain', id: 'events', 'aria-label': t('activity.title') });
    const bottom = h('div', { class: 'actions' });
    /** @param {string | null} before */
    const load = async (before) => {
      const from = before === null ? '' : `&before=${encodeURIComponent(before)}`;
      /** @type {{ events: SecurityEvent[], next: string | null }} */
      const { events, next } = await call('GET', `v1/events?limit=${PAGE}${from}`, { signal: context.left });
      const rows = events.map(row);
      put(list, ...rows);
      bottom.replaceChildren();
      if (next !== null) put(bottom, more(() => load(next), bottom));
      if (before !== null) focusOn(rows[0]);
      return events.length;
    };
    const count = await load(null);
    const lead = h('p', { class: 'lead' }, t('activity.lead'));
    const empty = h('p', { class: 'empty' }, t('activity.empty'));
    return h('div', {}, lead, count === 0 ? empty : list, bottom);
  },
};

/**
 * @param {() => Promise<unknown>} load
 * @param {Element} bottom
 */
function more(load, bottom) {
  return action({
    id: 'more-events',
    label: t('activity.more'),
    onClick: async () => void (await load()),
    failed: (error) => put(bottom, problemNotice(error)),
  });
}

/** @param {SecurityEvent} event */
function row(event) {
  const grave = GRAVE.has(event.kind);
  const title = h('h2', { class: 'row-title' }, tOr('event.', event.kind, event.kind));
  if (grave) title.append(h('span', { class: 'tag bad' }, t('activity.grave')));
  const about = aboutText(event);
  const where = [event.ip, actorText(event)].filter((part) => part);
  const line = h('p', { class: 'quiet' }, ago(event.at), ...where.map((part) => ` · ${part}`));
  const body = h('div', {}, title, about === '' ? null : h('p', {}, about), line, details(event));
  return h('li', { class: 'row', 'data-kind': event.kind, 'data-grave': grave ? 'yes' : null }, body);
}

/**
 * What the event's detail means, for kinds that have one.
 *
 * @param {SecurityEvent} event
 */
function aboutText({ kind, detail, evidence }) {
  if (kind === 'session_opened') return detail === 'new_device' ? t('activity.new_device') : '';
  if (kind === 'email_changed' && detail) return t('activity.email_before', { email: detail });
  if (kind === 'refresh_replayed' && evidence) {
    const first = evidence.rotated_by.ip ?? t('activity.unknown_address');
    return t('activity.replayed', { first, at: exact(evidence.rotated_at) });
  }
  if ((kind === 'passkey_added' || kind === 'passkey_removed') && detail) return detail;
  return '';
}

/** Who did it, where it was not the owner. @param {SecurityEvent} event */
function actorText({ actor }) {
  if (actor.kind === 'admin' || actor.kind === 'operator') return t('activity.by_operator');
  return actor.kind === 'server' ? t('activity.by_server') : '';
}

/** @param {SecurityEvent} event */
function details(event) {
  const facts = [
    [t('activity.at'), exact(event.at)],
    [t('activity.address'), event.ip],
    [t('activity.program'), event.user_agent],
    [t('activity.session'), event.session_id],
    [t('activity.other_address'), event.evidence?.rotated_by.ip],
    [t('activity.other_program'), event.evidence?.rotated_by.user_agent],
  ];
  const rows = facts.filter(([, value]) => value).map(([name, value]) => h('div', {}, h('dt', {}, name), h('dd', {}, value)));
  return h('details', {}, h('summary', {}, t('activity.details')), h('dl', { class: 'facts' }, ...rows));
}
