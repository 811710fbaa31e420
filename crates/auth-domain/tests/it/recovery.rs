//! Mail addresses that are verified and changed, passwords that are changed and reset, and who may register.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use auth_domain::Policies;
use auth_domain::account::{ChangeEmailError, EmailError, PasswordError, RegisterError, Registered, RegisteredBy};
use auth_domain::login::LoginError;
use auth_domain::model::{
    EmailAddress, EventKind, Locale, PasswordDigest, PasswordRefused, Presenter, Purpose, RegistrationMode,
    RegistrationPolicy, Timestamp, TokenMailKind,
};
use auth_domain::one_time::presented;
use auth_domain::ports::{Breach, BreachCheck, Mail, MailError, Mailer};
use secrecy::SecretString;
use tokio::sync::Barrier;
use tokio::time::timeout;

use crate::world::{PASSWORD, Setup, World, owner};

const ALICE: &str = "alice@example.com";
const NEW: &str = "another good password";

fn secret(text: &str) -> SecretString {
    SecretString::from(text)
}

fn registering(registration: RegistrationPolicy) -> World {
    let policies = Policies { registration, ..Policies::default() };
    Setup { policies, ..Setup::default() }.build()
}

const BY_HIMSELF: RegisteredBy<'_> = RegisteredBy::Owner { invite: None };

impl World {
    async fn forgot(&self, email: &str) {
        self.auth.accounts.forgot_password(email, Locale::En, &Presenter::default()).await.unwrap();
    }

    async fn reset(&self, token: &str, new: &str) -> Result<(), PasswordError> {
        self.auth.accounts.reset_password(token, &secret(new), Presenter::default()).await
    }

    async fn verify(&self, token: &str) -> Result<(), EmailError> {
        self.auth.accounts.verify_email(token, Presenter::default()).await
    }
}

#[tokio::test]
async fn a_new_account_is_mailed_a_token_that_verifies_its_address_once() {
    let world = World::new();
    let account = world.register(ALICE).await;
    assert_eq!(account.email_verified_at, None);
    let token = world.mailed(TokenMailKind::VerifyEmail).await;
    assert_eq!(world.mailer.sent().first().map(|mail| mail.locale), Some(Locale::Ko), "in the language of the account");
    world.verify(&token).await.unwrap();
    assert!(world.auth.accounts.get(account.id).await.unwrap().email_verified_at.is_some());
    assert!(matches!(world.verify(&token).await, Err(EmailError::InvalidToken)), "once");
    assert!(world.events(account.id).await.iter().any(|event| event.kind == EventKind::EmailVerified));
}

#[tokio::test]
async fn a_token_expires_and_the_last_one_counts() {
    let world = World::new();
    world.register(ALICE).await;
    let first = world.mailed(TokenMailKind::VerifyEmail).await;
    world.auth.accounts.resend_verification(ALICE, Locale::En, &Presenter::default()).await.unwrap();
    let second = world.mailed(TokenMailKind::VerifyEmail).await;
    assert!(world.verify(&first).await.is_err());
    world.wait(24 * 3_600);
    assert!(world.verify(&second).await.is_err());
}

#[tokio::test]
async fn a_forgotten_password_is_set_anew_by_mail_and_every_session_ends() {
    let world = World::new();
    let stolen = world.signed_in().await;
    world.forgot(" ALICE@example.com").await;
    let token = world.mailed(TokenMailKind::ResetPassword).await;
    let refused = world.reset(&token, "short").await;
    assert!(matches!(refused, Err(PasswordError::Password(_))));
    world.reset(&token, NEW).await.expect("a refused password does not use the token up");
    assert!(!world.lets_in(&stolen));
    assert!(world.refresh(stolen.refresh_token.expose()).await.is_err());
    assert!(world.try_login(ALICE, PASSWORD).await.is_err());
    assert!(world.try_login(ALICE, NEW).await.is_ok());
    assert!(matches!(world.reset(&token, NEW).await, Err(PasswordError::InvalidToken)), "once");
    let mails = world.mail().await;
    let told = |kind| mails.iter().any(|mail| mail.event.as_ref().is_some_and(|event| event.kind == kind));
    assert!(told(EventKind::PasswordReset));
}

#[tokio::test]
async fn a_reset_token_dies_with_the_password_it_was_to_replace() {
    let world = World::new();
    let tokens = world.signed_in().await;
    world.forgot(ALICE).await;
    let token = world.mailed(TokenMailKind::ResetPassword).await;
    world.auth.accounts.change_password(&owner(&tokens), &secret(PASSWORD), &secret(NEW)).await.unwrap();
    assert!(matches!(world.reset(&token, PASSWORD).await, Err(PasswordError::InvalidToken)));
}

#[tokio::test]
async fn an_address_that_nobody_has_gets_no_mail_and_the_same_answer() {
    let world = World::new();
    world.forgot("nobody@example.com").await;
    world.forgot("no address").await;
    world.auth.accounts.resend_verification("nobody@example.com", Locale::En, &Presenter::default()).await.unwrap();
    assert!(world.mail().await.is_empty());
}

#[tokio::test]
async fn a_changed_password_ends_the_other_sessions_and_keeps_this_one() {
    let world = World::new();
    let here = world.signed_in().await;
    let elsewhere = world.try_login(ALICE, PASSWORD).await.unwrap();
    let accounts = &world.auth.accounts;
    let wrong = accounts.change_password(&owner(&here), &secret("not the password"), &secret(NEW)).await;
    assert!(matches!(wrong, Err(PasswordError::WrongPassword)));
    accounts.change_password(&owner(&here), &secret(PASSWORD), &secret(NEW)).await.unwrap();
    assert!(world.lets_in(&here) && !world.lets_in(&elsewhere));
    assert!(world.refresh(here.refresh_token.expose()).await.is_ok());
    assert!(world.refresh(elsewhere.refresh_token.expose()).await.is_err());
}

#[tokio::test]
async fn a_new_address_is_confirmed_there_and_told_to_the_old_one() {
    let world = World::new();
    let tokens = world.signed_in().await;
    let accounts = &world.auth.accounts;
    let begin = async |new| accounts.begin_change_email(&owner(&tokens), &secret(PASSWORD), new).await;
    begin("alice@new.example").await.unwrap();
    assert!(accounts.get(tokens.facts.account).await.unwrap().email.address() == ALICE, "not yet");
    let token = world.mailed(TokenMailKind::ChangeEmail).await;
    let sent = world.mailer.sent();
    let mail = sent.iter().find(|mail| mail.token.as_ref().is_some_and(|(_, text)| *text == token)).unwrap();
    assert_eq!(mail.to.address(), "alice@new.example");
    assert!(matches!(world.verify(&token).await, Err(EmailError::InvalidToken)), "J23: it is for another purpose");
    accounts.change_email(&token, Presenter::default()).await.unwrap();
    let account = accounts.get(tokens.facts.account).await.unwrap();
    assert_eq!(account.email.address(), "alice@new.example");
    assert!(account.email_verified_at.is_some());
    let mails = world.mail().await;
    let changed = |mail: &&auth_domain::testing::SentMail| {
        mail.event.as_ref().is_some_and(|event| event.kind == EventKind::EmailChanged)
    };
    assert_eq!(mails.iter().find(changed).map(|mail| mail.to.address().to_owned()).as_deref(), Some(ALICE));
}

#[tokio::test]
async fn an_address_is_not_changed_without_the_password_or_long_after_the_login() {
    let world = World::new();
    let tokens = world.signed_in().await;
    let begin = async |password: &str| {
        world.auth.accounts.begin_change_email(&owner(&tokens), &secret(password), "alice@new.example").await
    };
    assert!(matches!(begin("wrong password, quite long").await, Err(ChangeEmailError::WrongPassword)));
    world.wait(15 * 60 + 1);
    assert!(matches!(begin(PASSWORD).await, Err(ChangeEmailError::StepUp(_))));
}

#[tokio::test]
async fn an_address_that_is_taken_is_not_told_and_gets_no_token() {
    let world = World::new();
    let tokens = world.signed_in().await;
    world.register("bob@example.com").await;
    world.mail().await;
    let accounts = &world.auth.accounts;
    accounts.begin_change_email(&owner(&tokens), &secret(PASSWORD), "bob@example.com").await.unwrap();
    assert!(world.mail().await.iter().all(|mail| mail.token.is_none()));
}

#[tokio::test]
async fn p11_where_addresses_must_be_verified_registration_does_not_tell_which_are_taken() {
    let world = registering(RegistrationPolicy { require_verified_email: true, ..RegistrationPolicy::default() });
    assert_eq!(world.register_as(ALICE, PASSWORD, BY_HIMSELF).await.unwrap(), Registered::MailSent);
    let verify = world.mailed(TokenMailKind::VerifyEmail).await;
    assert!(matches!(world.try_login(ALICE, PASSWORD).await, Err(LoginError::EmailNotVerified)));
    let wrong = world.try_login(ALICE, "wrong password, quite long").await;
    assert!(matches!(wrong, Err(LoginError::InvalidCredentials)), "told only to who knows the password");
    world.verify(&verify).await.unwrap();
    assert!(world.try_login(ALICE, PASSWORD).await.is_ok());

    assert_eq!(world.register_as(ALICE, NEW, BY_HIMSELF).await.unwrap(), Registered::MailSent);
    let reset = world.mailed(TokenMailKind::AlreadyRegistered).await;
    assert!(world.try_login(ALICE, NEW).await.is_err(), "nothing has changed");
    world.reset(&reset, NEW).await.unwrap();
    assert!(world.try_login(ALICE, NEW).await.is_ok());
}

#[tokio::test]
async fn only_the_domains_that_the_operator_named_may_register() {
    let domains = vec!["example.com".to_owned()];
    let world = registering(RegistrationPolicy { domains, ..RegistrationPolicy::default() });
    assert!(world.register_as(ALICE, PASSWORD, BY_HIMSELF).await.is_ok());
    let refused = world.register_as("eve@evil.example", PASSWORD, BY_HIMSELF).await;
    assert!(matches!(refused, Err(RegisterError::DomainNotAllowed)));
    assert!(world.register_as("eve@evil.example", PASSWORD, RegisteredBy::Operator).await.is_ok());
}

#[tokio::test]
async fn closed_registration_is_for_operators() {
    let world = registering(RegistrationPolicy { mode: RegistrationMode::Closed, ..RegistrationPolicy::default() });
    assert!(matches!(world.register_as(ALICE, PASSWORD, BY_HIMSELF).await, Err(RegisterError::Closed)));
    let made = world.register_as(ALICE, PASSWORD, RegisteredBy::Operator).await.unwrap();
    assert!(matches!(made, Registered::Created(account) if account.email_verified_at.is_some()));
}

#[tokio::test]
async fn an_invitation_registers_its_own_address_once() {
    let world = registering(RegistrationPolicy { mode: RegistrationMode::Invite, ..RegistrationPolicy::default() });
    assert!(matches!(world.register_as(ALICE, PASSWORD, BY_HIMSELF).await, Err(RegisterError::NotInvited)));
    world.auth.admin.invite(&EmailAddress::parse(ALICE).unwrap(), Locale::Ko).await.unwrap();
    let invite = world.mailed(TokenMailKind::Invite).await;
    let by_invite = RegisteredBy::Owner { invite: Some(&invite) };
    let other = world.register_as("eve@example.com", PASSWORD, by_invite).await;
    assert!(matches!(other, Err(RegisterError::NotInvited)), "it is for another address");
    let made = world.register_as(ALICE, PASSWORD, by_invite).await.unwrap();
    assert!(matches!(made, Registered::Created(account) if account.email_verified_at.is_some()));
    let again = world.register_as("Alice@example.com", PASSWORD, by_invite).await;
    assert!(matches!(again, Err(RegisterError::NotInvited)), "once");
}

#[tokio::test]
async fn a_breached_password_is_refused_and_an_unanswered_question_lets_it_pass() {
    struct Breaches(Mutex<Vec<Breach>>);
    #[async_trait]
    impl BreachCheck for Breaches {
        async fn look_up(&self, _: &PasswordDigest) -> Breach {
            self.0.lock().unwrap().pop().unwrap()
        }
    }
    let answers = vec![Breach::Unavailable("timeout".to_owned()), Breach::Breached { times: 3 }];
    let breaches: Arc<dyn BreachCheck> = Arc::new(Breaches(Mutex::new(answers)));
    let world = Setup { breaches: Some(breaches), ..Setup::default() }.build();
    assert!(matches!(
        world.register_as(ALICE, PASSWORD, BY_HIMSELF).await,
        Err(RegisterError::Password(PasswordRefused::Breached { times: 3 }))
    ));
    assert!(world.register_as(ALICE, PASSWORD, BY_HIMSELF).await.is_ok());
}

#[tokio::test]
async fn a_mail_server_that_is_down_delays_mail_and_loses_none() {
    struct Down(Mutex<u32>);
    #[async_trait]
    impl Mailer for Down {
        async fn send(&self, _: Mail<'_>) -> Result<(), MailError> {
            let mut left = self.0.lock().unwrap();
            *left = left.saturating_sub(1);
            if *left > 0 { Err(MailError::Later("connection refused".to_owned())) } else { Ok(()) }
        }
    }
    let world = Setup { mailer: Some(Arc::new(Down(Mutex::new(4)))), ..Setup::default() }.build();
    world.register(ALICE).await;
    let mut attempts = 0;
    for _ in 0..60 {
        attempts += world.auth.mails.send_tokens().await.unwrap();
        world.wait(5);
    }
    assert_eq!(attempts, 4, "three that failed, and the one that did not");
}

#[tokio::test]
async fn a_mail_that_is_slow_keeps_no_other_waiting() {
    struct AllAtOnce(Barrier);
    #[async_trait]
    impl Mailer for AllAtOnce {
        async fn send(&self, _: Mail<'_>) -> Result<(), MailError> {
            self.0.wait().await;
            Ok(())
        }
    }
    let world = Setup { mailer: Some(Arc::new(AllAtOnce(Barrier::new(4)))), ..Setup::default() }.build();
    for n in 0..8 {
        world.register_as(&format!("user{n}@example.com"), PASSWORD, BY_HIMSELF).await.unwrap();
        world.wait(3_600);
    }
    let sent = timeout(Duration::from_secs(10), world.auth.mails.send_tokens()).await;
    assert_eq!(sent.expect("no mail waits for another").unwrap(), 8);
}

#[tokio::test]
async fn a_token_for_one_purpose_is_nothing_for_another() {
    let world = World::new();
    world.register(ALICE).await;
    let token = world.mailed(TokenMailKind::VerifyEmail).await;
    let now = Timestamp::from_secs(1_700_000_000);
    for purpose in Purpose::ALL {
        let redeem = presented(&token, purpose, now).unwrap();
        let found = world.stores.one_time.peek(&redeem).await.unwrap();
        assert_eq!(found.is_some(), purpose == Purpose::VerifyEmail, "{purpose}");
    }
    assert!(matches!(world.reset(&token, NEW).await, Err(PasswordError::InvalidToken)));
}

#[tokio::test]
async fn a_hundred_uses_of_one_token_at_once_have_one_winner() {
    let world = Arc::new(World::new());
    world.register(ALICE).await;
    world.forgot(ALICE).await;
    let token = world.mailed(TokenMailKind::ResetPassword).await;
    let uses = (0..100).map(|n| {
        let (world, token) = (Arc::clone(&world), token.clone());
        tokio::spawn(async move { world.reset(&token, &format!("the password of number {n}")).await.is_ok() })
    });
    let mut won = 0;
    for one in uses.collect::<Vec<_>>() {
        won += usize::from(one.await.unwrap());
    }
    assert_eq!(won, 1);
}
