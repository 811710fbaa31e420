// Korean: one file a part of the page.

import account from './ko/account.js';
import admin from './ko/admin.js';
import problems from './ko/problems.js';
import shell from './ko/shell.js';
import signIn from './ko/sign-in.js';
import workshop from './ko/workshop.js';

export default { ...shell, ...problems, ...signIn, ...account, ...workshop, ...admin };
