// The shapes that views and the shell agree upon; types alone.

/**
 * @typedef {object} Account
 * @property {string} id
 * @property {string} email
 * @property {string | null} display_name
 * @property {string[]} roles
 * @property {boolean} email_verified
 * @property {string} locale
 * @property {string} created_at
 */

/**
 * What the operator decided that concerns the page.
 *
 * @typedef {object} Settings
 * @property {string} product
 * @property {string} issuer
 * @property {'open' | 'invite' | 'closed'} registration
 * @property {boolean} passkeys
 * @property {boolean} outbox
 * @property {number} password_min_length
 */

/**
 * What a view is given.
 *
 * @typedef {object} Context
 * @property {URLSearchParams} params what follows the `?` in the address; a `token` is in no address bar any more
 * @property {Account | null} account who is signed in
 * @property {Settings} settings
 * @property {AbortSignal} left aborted once the view is left: timers and listeners end with it
 * @property {(path: string, notice?: string) => void} go leads to another view, which begins with the notice
 * @property {(text: string) => void} say tells an outcome, to be seen and heard
 * @property {() => Promise<void>} again renders this view anew
 * @property {(tokens: any, path: string, notice?: string) => Promise<void>} enter takes up the tokens of a login, and leads on
 * @property {(notice: string) => Promise<void>} leave forgets a session that is over, and leads to where one signs in
 * @property {() => Promise<void>} reloadAccount asks the server anew who is signed in
 */

/**
 * A view. What `render` gives follows the heading, which is the title's words.
 *
 * @typedef {object} View
 * @property {string} path such as `/devices`
 * @property {import('./words.js').WordKey} title
 * @property {'nobody' | 'user' | 'admin'} needs who has to be signed in; `nobody` where it does not matter
 * @property {'account' | 'learn' | 'admin'} [nav] in which part of the navigation it is
 * @property {'narrow' | 'wide'} [width] a column for forms, or the whole width for tables
 * @property {(context: Context) => Node | Promise<Node>} render
 */

export {};
