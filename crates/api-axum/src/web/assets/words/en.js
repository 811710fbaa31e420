// English: one file a part of the page.

import account from './en/account.js';
import admin from './en/admin.js';
import problems from './en/problems.js';
import shell from './en/shell.js';
import signIn from './en/sign-in.js';
import workshop from './en/workshop.js';

export default { ...shell, ...problems, ...signIn, ...account, ...workshop, ...admin };
