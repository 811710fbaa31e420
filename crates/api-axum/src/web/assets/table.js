// Tables that stay tables for everybody: with a caption and headings, and on narrow pages each row as a card.

import { h, uniqueId } from './dom.js';

/**
 * @typedef {import('./dom.js').Child | import('./dom.js').Child[]} Cell
 */

/** What stands in a cell that has nothing to say; such a cell is left out of a card. */
export const NOTHING = '–';

/**
 * A row's first cell is its heading. Roles are said again, since a row that is drawn as a card is no row to every browser.
 *
 * @param {object} parts
 * @param {string} parts.id
 * @param {string} parts.caption
 * @param {string[]} parts.columns
 * @param {{ key: string, cells: Cell[] }[]} parts.rows
 */
export function table({ id, caption, columns, rows }) {
  const captionId = uniqueId('caption');
  const heads = columns.map((column) => h('th', { scope: 'col', role: 'columnheader' }, column));
  const body = h('tbody', { role: 'rowgroup' }, ...rows.map((row) => tableRow(row, columns)));
  const element = h(
    'table',
    { id, role: 'table', 'aria-labelledby': captionId },
    h('caption', { id: captionId }, caption),
    h('thead', { role: 'rowgroup' }, h('tr', { role: 'row' }, ...heads)),
    body,
  );
  const add = (/** @type {{ key: string, cells: Cell[] }[]} */ more) => {
    const added = more.map((row) => tableRow(row, columns));
    body.append(...added);
    return added[0];
  };
  return { element: h('div', { class: 'table' }, element), add };
}

/**
 * @param {{ key: string, cells: Cell[] }} row
 * @param {string[]} columns
 */
function tableRow({ key, cells }, columns) {
  const made = cells.map((cell, index) => {
    const children = Array.isArray(cell) ? cell : [cell];
    const first = index === 0;
    return h(first ? 'th' : 'td', {
      scope: first ? 'row' : undefined,
      role: first ? 'rowheader' : 'cell',
      'data-label': columns[index],
      'data-empty': cell === NOTHING,
    }, h('div', {}, ...children));
  });
  return h('tr', { role: 'row', 'data-key': key }, ...made);
}
