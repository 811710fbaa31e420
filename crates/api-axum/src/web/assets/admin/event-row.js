// A security event as a row of a table.

import { h } from '../dom.js';
import { NOTHING } from '../table.js';
import { moment } from '../time.js';
import { t, tOr } from '../words.js';

/**
 * @typedef {object} AdminEvent
 * @property {string} id
 * @property {string} at
 * @property {string} kind
 * @property {string} user_id
 * @property {string | null} session_id
 * @property {{ kind: string, id: string | null }} actor
 * @property {string | null} ip
 * @property {string | null} user_agent
 * @property {string | null} detail
 * @property {{ presented_generation: number, current_generation: number, rotated_by: { ip: string | null } }} [evidence]
 */

/** @param {boolean} withUser whether the rows say whose event it is */
export function columns(withUser) {
  const user = withUser ? [t('admin.user')] : [];
  return [t('admin.event.kind'), ...user, t('activity.at'), t('admin.event.actor'), t('activity.address'), t('admin.event.detail')];
}

/**
 * @param {AdminEvent} event
 * @param {Node | null} user whose it is, where that is told
 */
export function row(event, user) {
  const kind = h('span', { title: event.kind }, tOr('event.', event.kind, event.kind));
  const at = h('time', { datetime: event.at }, moment(event.at));
  const cells = [kind, ...(user ? [user] : []), at, tOr('admin.actor.', event.actor.kind, event.actor.kind), event.ip ?? NOTHING, detail(event)];
  return { key: event.id, cells };
}

/** @param {AdminEvent} event */
function detail({ detail: said, evidence }) {
  if (!evidence) return said ? tOr('admin.detail.', said, said) : NOTHING;
  const { presented_generation: presented, current_generation: current, rotated_by: by } = evidence;
  return t('admin.event.evidence', { presented, current, ip: by.ip ?? t('activity.unknown_address') });
}
