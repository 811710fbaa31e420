/** The examples of the README and of the book, as the compiler sees them. */

import { JetonClient, JetonError } from '../src/index.js';

const jeton = new JetonClient({ url: 'https://app.example.com' });

// Called with the state as it is, and whenever it changes, in another tab too.
jeton.subscribe((state) => {
  document.body.classList.toggle('signed-in', state.signedIn);
  if (!state.signedIn && state.reason === 'session_signed_out') alert('You were signed out on another device.');
});

async function signIn(email: string, password: string): Promise<void> {
  try {
    const login = await jeton.signIn({ email, password, deviceName: 'My laptop' });
    if (login.status === 'mfa_required') {
      const code = prompt('The code that your app shows, or a recovery code') ?? '';
      await jeton.signInWithSecondFactor(login.mfaToken, { code });
    }
  } catch (error) {
    if (!(error instanceof JetonError)) throw error;
    if (error.code === 'too_many_attempts') alert(`Try again in ${error.retryAfter} seconds.`);
    else alert(error.message);
  }
}

async function showNotes(): Promise<void> {
  // `fetch` with the access token: replaced when it is nearly over, and once if it is refused.
  const answer = await jeton.fetch('/notes');
  document.body.textContent = await answer.text();
}

document.querySelector('form')?.addEventListener('submit', (event) => {
  event.preventDefault();
  const typed = new FormData(event.currentTarget as HTMLFormElement);
  void signIn(String(typed.get('email')), String(typed.get('password'))).then(showNotes);
});
document.querySelector('#sign-out')?.addEventListener('click', () => void jeton.signOut());
