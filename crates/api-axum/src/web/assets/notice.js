// What the page says: problems in the reader's words, and boxes that stand out.

import { Problem } from './api.js';
import { h } from './dom.js';
import { t, tCount, tOr } from './words.js';

/** @typedef {'error' | 'warning' | 'good' | 'plain'} NoticeKind */

/**
 * The words of a problem: those of its code, or else the server's own.
 *
 * @param {unknown} error
 */
export function problemText(error) {
  if (!(error instanceof Problem)) return t('problem.unexpected');
  const reason = error.code === 'password_guessable' ? tOr('reason.', String(error.members.reason), '') : '';
  return reason || tOr('problem.', error.code, error.detail || t('problem.unexpected'));
}

/**
 * A box that stands out.
 *
 * @param {NoticeKind} kind
 * @param {...(import('./dom.js').Child)} children
 */
export function notice(kind, ...children) {
  return h('div', { class: 'notice', 'data-kind': kind }, ...children);
}

/**
 * A problem as a box that is read out at once, with the request's id where the server is at fault. Where it is worth another try
 * only later, it counts down; `waited` is called at the end.
 *
 * @param {unknown} error
 * @param {() => void} [waited]
 */
export function problemNotice(error, waited) {
  const problem = error instanceof Problem ? error : new Problem('unexpected');
  const box = notice('error', h('p', {}, problemText(error)));
  box.setAttribute('role', 'alert');
  if (problem.status >= 500 && problem.requestId) {
    box.append(h('p', { class: 'quiet' }, t('shell.request_id', { id: problem.requestId })));
  }
  if (problem.status === 429 && problem.retryAfter) box.append(countdown(problem.retryAfter, waited));
  return box;
}

/**
 * @param {number} seconds
 * @param {(() => void) | undefined} done
 */
function countdown(seconds, done) {
  const end = Date.now() + seconds * 1000;
  // Read out once, by the box around it, and not each second.
  const line = h('p', { class: 'countdown', 'aria-live': 'off' }, tCount('time.wait', seconds));
  const timer = setInterval(() => {
    const left = Math.ceil((end - Date.now()) / 1000);
    line.textContent = left > 0 ? tCount('time.wait', left) : '';
    if (left > 0 && line.isConnected) return;
    clearInterval(timer);
    done?.();
  }, 1000);
  return line;
}
