//! The contract suite: what every adapter behind the storage ports must do, one behaviour a case.
//!
//! An adapter's tests call `auth_domain::contract_tests!(fixture)`, where `fixture` is a function without arguments whose
//! future answers `(Stores, K)`: an empty database, and whatever keeps it alive. Each case becomes a `#[tokio::test]`.

pub mod accounts;
pub mod advance;
pub mod end;
pub mod factors;
pub mod feed;
pub mod housekeeping;
pub mod keys;
pub mod limit;
pub mod one_time;
pub mod passwords;
pub mod settle;
pub mod throttle;
pub mod webhooks;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use uuid::Uuid;

use crate::model::{
    Account, AccountId, Actor, Advance, DeviceClass, DisplayName, EmailAddress, EndReason, EndSessions, EndTarget,
    EventId, EventKind, EventQuery, Locale, NewAccount, NewSession, Nonce, OneTimeId, OneTimeToken, Opened,
    PasswordHash, Presenter, Purpose, Redeem, RestsOn, Role, Ruling, SealedBytes, SecurityEvent, SessionFacts,
    SessionId, SessionLimit, SessionRecord, Timestamp, TokenHash, TokenMail, TokenMailKind,
};
use crate::ports::{CloseAccount, Created, Stores};

/// One case of the suite.
pub type Case = fn(Stores) -> futures_util::future::BoxFuture<'static, ()>;

macro_rules! suite {
    (($dollar:tt) $($module:ident: $($case:ident)*;)*) => {
        /// Every case with its name.
        pub const CASES: &[(&str, Case)] = &[$($((stringify!($case), |stores| Box::pin($module::$case(stores)))),*),*];

        /// Makes a `#[tokio::test]` of every case, each on an empty database that `fixture` gives.
        #[macro_export]
        macro_rules! contract_tests {
            ($dollar fixture:path) => {
                $($(
                    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                    async fn $case() {
                        let (stores, _keep) = $dollar fixture().await;
                        $dollar crate::testing::contract::$module::$case(stores).await;
                    }
                )*)*
            };
        }
    };
}

suite! { ($)
    accounts:
        an_account_is_found_by_its_canonical_address_and_by_its_id
        a_second_account_with_the_same_canonical_address_is_not_added
        of_many_registrations_of_one_address_at_once_exactly_one_is_added
        a_display_name_is_set_and_cleared
        roles_are_set_and_recorded
        accounts_are_found_by_how_their_address_begins_in_order
        disabling_an_account_ends_its_sessions_and_kills_its_tokens
        enabling_an_account_leaves_its_sessions_ended
        an_unknown_account_is_no_error
        an_account_without_a_password_is_kept_with_its_language
        an_invitation_is_used_up_with_the_account_it_makes
        of_many_accounts_by_one_invitation_exactly_one_is_added
        deleting_an_account_ends_its_sessions_and_keeps_its_events;
    limit:
        an_opened_session_is_at_generation_0_and_listed
        a_session_is_not_opened_for_an_account_that_is_gone_or_disabled
        a_session_is_not_opened_by_a_password_that_was_changed_meanwhile
        evict_oldest_ends_the_session_that_was_opened_first
        evict_least_recent_ends_the_session_that_was_not_used_for_longest
        a_class_of_devices_has_a_limit_of_its_own
        a_chosen_session_makes_room
        a_chosen_session_stays_when_the_login_is_refused
        an_opened_session_is_recorded
        deny_refuses_and_writes_nothing
        sessions_that_are_over_do_not_count
        many_logins_at_once_leave_exactly_one_session_where_one_is_allowed
        many_logins_at_once_never_pass_a_limit_of_three_that_denies
        many_logins_at_once_never_pass_a_limit_by_class;
    advance:
        a_step_moves_the_row_and_answers_the_facts_of_that_instant
        a_step_that_does_not_fit_changes_nothing
        a_session_that_is_over_does_not_move
        a_session_of_a_disabled_account_does_not_move
        of_many_steps_at_once_exactly_one_moves_the_row
        a_session_moves_through_many_generations_in_one_row;
    settle:
        the_judge_sees_no_row_for_an_unknown_session
        a_late_retry_is_counted_in_the_row
        a_divergence_is_recorded_and_ends_nothing
        a_replay_ends_the_session_and_records_both_parties
        many_replays_at_once_end_the_session_once;
    end:
        an_owner_ends_his_own_session_only
        others_and_all_end_what_they_say
        a_session_ends_once
        an_event_is_recorded_only_when_a_session_was_ended
        an_expired_session_can_still_be_ended
        a_step_after_the_end_finds_nothing_however_they_race
        a_session_is_read_by_its_id_live_or_over
        a_device_is_named_by_its_owner_only;
    feed:
        entries_come_in_order_and_only_while_they_are_needed
        entries_are_asked_for_by_number
        events_come_newest_first_in_pages
        an_api_key_is_kept_until_it_is_revoked
        the_store_gives_a_sign_of_life;
    keys:
        of_many_servers_that_change_keys_at_once_each_sees_what_the_one_before_did
        a_key_is_kept_in_every_state_and_comes_oldest_first
        a_key_is_put_in_the_place_of_itself_and_removed
        a_refused_change_of_keys_writes_nothing
        a_revoked_key_is_in_the_feed
        a_retired_master_key_is_kept_replaced_and_forgotten;
    one_time:
        a_token_is_taken_once_by_its_secret_for_its_purpose_while_it_lasts
        of_a_hundred_uses_at_once_one_wins
        a_later_token_takes_the_place_of_an_earlier_one
        a_token_dies_with_the_password_and_with_the_account
        a_mail_is_claimed_by_one_of_many_until_it_is_out
        a_claimed_mail_comes_again_when_its_claim_has_lapsed
        an_address_is_verified_once_and_only_the_one_the_mail_went_to
        an_address_is_changed_once_and_not_to_one_that_is_taken;
    passwords:
        a_password_is_changed_by_who_has_shown_the_last_one
        a_mailed_token_sets_one_password_however_many_try
        a_reset_ends_every_session_and_every_other_token
        a_new_hash_of_the_same_password_changes_nothing_else
        a_disabled_account_gets_no_password
        a_login_that_races_with_a_reset_is_refused_or_ended_by_it;
    factors:
        an_app_counts_once_it_is_confirmed
        of_many_confirmations_of_an_app_one_counts
        a_step_is_accepted_once_and_none_before_it
        of_many_uses_of_a_recovery_code_one_counts
        recovery_codes_take_the_place_of_those_before
        a_passkey_is_kept_found_used_renamed_and_removed
        a_passkey_belongs_to_one_account
        recovery_codes_go_with_the_last_factor
        factors_go_with_their_account
        a_mailed_password_takes_the_factors_of_an_account_whose_address_was_not_verified
        app_secrets_are_found_by_their_master_key_and_sealed_anew
        an_owner_proves_again_who_he_is;
    throttle:
        what_is_free_is_let_through_and_then_it_waits
        a_blocked_attempt_is_not_counted
        of_many_at_once_no_more_are_let_through_than_are_free
        one_blocked_key_blocks_all_and_charges_none
        an_attempt_that_succeeded_is_forgiven;
    webhooks:
        an_event_is_spread_once_to_the_endpoints_that_want_it
        a_delivery_is_claimed_by_one_of_many
        a_failed_delivery_comes_again_when_it_is_due_and_a_done_one_never
        a_claimed_delivery_comes_again_when_its_claim_has_lapsed
        an_endpoint_that_is_added_later_is_not_told_the_past;
    housekeeping:
        rows_that_are_needed_no_more_go_in_batches
        a_live_session_and_what_belongs_to_it_stay;
}

/// The moment at which every case begins.
pub(super) const START: Timestamp = Timestamp::from_secs(1_700_000_000);

/// `secs` after the start.
pub(super) fn at(secs: u64) -> Timestamp {
    START.plus(Duration::from_secs(secs))
}

/// The end of every access token's life, in these cases.
pub(super) fn tokens_until() -> Timestamp {
    at(900)
}

pub(super) fn hash(n: u8) -> TokenHash {
    TokenHash::from_bytes([n; 32])
}

pub(super) fn session_id(n: u128) -> SessionId {
    SessionId::from_uuid(Uuid::from_u128(n))
}

pub(super) fn new_account(n: u128) -> NewAccount {
    NewAccount {
        id: AccountId::from_uuid(Uuid::from_u128(n)),
        email: EmailAddress::parse(&format!("User{n}@example.com")).unwrap(),
        display_name: Some(DisplayName::new("Alice").unwrap()),
        roles: vec![Role::new("admin").unwrap(), Role::new("billing:read").unwrap()],
        password_hash: Some(PasswordHash::new("$argon2id$v=19$m=19456,t=2,p=1$AAAA$AAAA".to_owned())),
        locale: Locale::Ko,
        email_verified: false,
        created_at: START,
        invite: None,
        verification: None,
        event: SecurityEvent {
            session: None,
            ..event(AccountId::from_uuid(Uuid::from_u128(n)), EventKind::AccountRegistered, 7_000 + n, START)
        },
    }
}

/// Registers account `n`.
pub(super) async fn account(stores: &Stores, n: u128) -> Account {
    match stores.accounts.create(new_account(n)).await.unwrap() {
        Created::Created(account) => account,
        Created::EmailTaken | Created::NotInvited => panic!("the database is not empty"),
    }
}

/// Session `n` of an account, with the hash `n`, opened at `now`: 60 seconds idle, 600 in all.
pub(super) fn new_session(account: AccountId, n: u8, now: Timestamp) -> NewSession {
    NewSession {
        id: session_id(u128::from(n)),
        account,
        client_id: "jeton".to_owned(),
        scope: "account mail".to_owned(),
        token_hash: hash(n),
        key_id: 255,
        device_name: Some("Alice's phone".to_owned()),
        device_class: if n.is_multiple_of(2) { DeviceClass::Mobile } else { DeviceClass::Cli },
        presenter: Presenter::new("2001:db8::1".parse().ok(), Some("curl/8.0")),
        amr: vec!["pwd".to_owned(), "otp".to_owned()],
        rests_on: RestsOn::Password { changed_at: None },
        now,
        idle_expires_at: now.plus(Duration::from_secs(60)),
        expires_at: now.plus(Duration::from_secs(600)),
        tokens_until: tokens_until(),
        end_first: None,
        event: event(account, EventKind::SessionOpened, u128::from(n), now),
    }
}

/// An event of an account whose id is `n`, in session `n`.
pub(super) fn event(account: AccountId, kind: EventKind, n: u128, at: Timestamp) -> SecurityEvent {
    SecurityEvent {
        id: EventId::from_uuid(Uuid::from_u128(n)),
        at,
        kind,
        account,
        session: Some(session_id(n)),
        actor: Actor::Owner(Some(session_id(n))),
        presenter: Presenter::new("203.0.113.9".parse().ok(), Some("thief/1.0")),
        evidence: None,
        detail: Some("a detail, \u{d55c}\u{ad6d}".to_owned()),
    }
}

/// Every event of an account but its registration, newest first.
pub(super) async fn events(stores: &Stores, account: AccountId) -> Vec<SecurityEvent> {
    let mut events =
        stores.events.page(EventQuery { account: Some(account), before: None, limit: 1_000 }).await.unwrap();
    events.retain(|event| event.kind != EventKind::AccountRegistered);
    events
}

/// The account to disable or delete at `now`, by an operator.
pub(super) fn close(account: AccountId, kind: EventKind, n: u128, now: Timestamp) -> CloseAccount {
    let by = Actor::Admin(AccountId::from_uuid(Uuid::from_u128(99)));
    let event = SecurityEvent { actor: by, session: None, ..event(account, kind, n, now) };
    CloseAccount { by, now, tokens_until: tokens_until(), event }
}

/// Disables an account at `now`.
pub(super) async fn disable(stores: &Stores, account: AccountId, now: Timestamp) {
    let close = close(account, EventKind::AccountDisabled, 5_000, now);
    assert!(stores.accounts.disable(close).await.unwrap().is_some());
}

/// Opens session `n` without a limit.
pub(super) async fn open(stores: &Stores, account: AccountId, n: u8, now: Timestamp) -> SessionFacts {
    match stores.sessions.open(new_session(account, n, now), SessionLimit::default()).await.unwrap() {
        Opened::Opened { facts, .. } => facts,
        refused => panic!("not opened: {refused:?}"),
    }
}

/// Session `n`'s step from generation `from` to the next, with the hashes of these numbers.
pub(super) fn step(n: u8, from: u32, from_hash: u8, to_hash: u8, now: Timestamp) -> Advance {
    Advance {
        session: session_id(u128::from(n)),
        from_generation: from,
        from_hash: hash(from_hash),
        to_generation: from + 1,
        to_hash: hash(to_hash),
        nonce: Nonce::from_bytes([to_hash; 32]),
        key_id: 3,
        attempt_hash: None,
        presenter: Presenter::new("192.0.2.7".parse().ok(), Some("Firefox")),
        now,
        idle_expires_at: now.plus(Duration::from_secs(60)),
    }
}

pub(super) fn ending(target: EndTarget, now: Timestamp) -> EndSessions {
    let by = Actor::Operator;
    EndSessions { target, by, reason: EndReason::LogoutAll, now, tokens_until: tokens_until(), event: None }
}

/// The row as the judge sees it.
pub(super) async fn row(stores: &Stores, session: SessionId) -> Option<SessionRecord> {
    let seen = Arc::new(Mutex::new(None));
    let judge = {
        let seen = Arc::clone(&seen);
        Arc::new(move |row: Option<&SessionRecord>| {
            *seen.lock().unwrap_or_else(PoisonError::into_inner) = row.cloned();
            Ruling::Ended(None)
        })
    };
    assert_eq!(stores.sessions.settle(session, judge).await.unwrap(), Ruling::Ended(None));
    seen.lock().unwrap_or_else(PoisonError::into_inner).take()
}

pub(super) async fn live(stores: &Stores, account: AccountId, now: Timestamp) -> Vec<SessionId> {
    stores.sessions.list(account, now).await.unwrap().iter().map(|row| row.facts.session).collect()
}

/// Token `n` with the hash `n`, made at the start for this purpose, to be mailed, good for 60 seconds.
pub(super) fn token(n: u8, purpose: Purpose, account: Option<AccountId>) -> OneTimeToken {
    OneTimeToken {
        id: OneTimeId::from_uuid(Uuid::from_u128(n.into())),
        purpose,
        account,
        secret_hash: hash(n),
        bound_to: None,
        email: Some(EmailAddress::parse(&format!("New{n}@example.com")).unwrap()),
        sealed: Some(SealedBytes { key_id: 255, bytes: vec![n, 0, 255] }),
        mail: Some(TokenMail { kind: TokenMailKind::VerifyEmail, locale: Locale::Ko, attempts: 0 }),
        created_at: START,
        expires_at: at(60),
    }
}

/// The token as it is presented at the start.
pub(super) fn redeem(token: &OneTimeToken) -> Redeem {
    Redeem { id: token.id, secret_hash: token.secret_hash.clone(), purpose: token.purpose, now: START }
}
