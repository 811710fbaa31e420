// My devices: every session of the account.

import { call } from '../api.js';
import { h } from '../dom.js';
import { ago } from '../time.js';

/** @type {import('../types.js').View} */
export const devices = {
  path: '/devices',
  title: 'devices.title',
  needs: 'user',
  nav: 'account',
  async render() {
    const { sessions } = await call('GET', 'v1/sessions');
    const item = (/** @type {any} */ session) => h('li', {}, session.browser, ' ', ago(session.last_used_at));
    return h('ul', { id: 'sessions' }, ...sessions.map(item));
  },
};
