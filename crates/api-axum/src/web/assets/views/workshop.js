// The workshop: what a JWT is, why it cannot be taken back, and what Jeton adds, each with something to try.

import { h } from '../dom.js';
import { t } from '../words.js';
import { bendSection } from '../workshop/bend.js';
import { rotationSection } from '../workshop/rotation.js';
import { tokenSection } from '../workshop/token.js';

/** @type {import('../types.js').View} */
export const workshop = {
  path: '/workshop',
  title: 'workshop.title',
  needs: 'user',
  nav: 'learn',
  width: 'wide',
  render({ account, left }) {
    const bend = bendSection();
    return h(
      'div',
      { class: 'workshop' },
      h('p', { class: 'lead' }, t('workshop.lead')),
      tokenSection(left, bend.take),
      bend.element,
      adds(),
      account ? rotationSection(account) : null,
    );
  },
};

function adds() {
  const kinds = /** @type {const} */ (['session', 'rotation', 'feed']);
  const points = kinds.flatMap((kind) => [h('dt', {}, t(`workshop.adds.${kind}`)), h('dd', {}, t(`workshop.adds.${kind}.text`))]);
  return h(
    'section',
    { class: 'card', 'aria-labelledby': 'adds-title' },
    h('h2', { id: 'adds-title' }, t('workshop.adds.title')),
    h('p', {}, t('workshop.adds.text')),
    h('dl', { class: 'adds' }, ...points),
  );
}
