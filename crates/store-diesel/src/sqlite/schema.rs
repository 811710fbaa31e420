//! The tables as SQLite keeps them, and the columns that rows are read from.

use diesel::table;

table! {
    users (id) {
        id -> Binary,
        email -> Text,
        email_canonical -> Text,
        display_name -> Nullable<Text>,
        roles -> Text,
        password_hash -> Nullable<Text>,
        created_at -> BigInt,
        disabled_at -> Nullable<BigInt>,
        locale -> Text,
        email_verified_at -> Nullable<BigInt>,
        password_changed_at -> Nullable<BigInt>,
    }
}

table! {
    sessions (id) {
        id -> Binary,
        user_id -> Binary,
        client_id -> Text,
        scope -> Text,
        auth_time -> BigInt,
        amr -> Text,
        generation -> BigInt,
        token_hash -> Binary,
        nonce -> Nullable<Binary>,
        key_id -> SmallInt,
        attempt_hash -> Nullable<Binary>,
        rotated_at -> BigInt,
        late_retries -> BigInt,
        late_generation -> Nullable<BigInt>,
        device_name -> Nullable<Text>,
        ip -> Nullable<Text>,
        user_agent -> Nullable<Text>,
        created_at -> BigInt,
        last_used_at -> BigInt,
        idle_expires_at -> BigInt,
        expires_at -> BigInt,
        revoked_at -> Nullable<BigInt>,
        end_reason -> Nullable<Text>,
        device_class -> Text,
        ended_by -> Nullable<Text>,
        ended_by_id -> Nullable<Binary>,
    }
}

table! {
    revocations (seq) {
        seq -> BigInt,
        kind -> Text,
        subject -> Binary,
        not_before -> BigInt,
        expires_at -> BigInt,
    }
}

table! {
    security_events (id) {
        id -> Binary,
        at -> BigInt,
        kind -> Text,
        user_id -> Binary,
        session_id -> Nullable<Binary>,
        ip -> Nullable<Text>,
        user_agent -> Nullable<Text>,
        evidence -> Nullable<Text>,
        actor -> Text,
        actor_id -> Nullable<Binary>,
        spread_at -> Nullable<BigInt>,
        detail -> Nullable<Text>,
    }
}

table! {
    signing_keys (kid) {
        kid -> Text,
        algorithm -> Text,
        key_id -> SmallInt,
        sealed -> Binary,
        created_at -> BigInt,
        state -> Text,
        state_since -> Nullable<BigInt>,
        state_until -> Nullable<BigInt>,
    }
}

table! {
    retired_master_keys (id) {
        id -> SmallInt,
        key_id -> SmallInt,
        sealed -> Binary,
        retired_at -> BigInt,
    }
}

table! {
    api_keys (id) {
        id -> Binary,
        name -> Text,
        secret_hash -> Binary,
        scopes -> Text,
        created_at -> BigInt,
        revoked_at -> Nullable<BigInt>,
    }
}

table! {
    webhook_deliveries (id) {
        id -> Binary,
        event_id -> Binary,
        endpoint -> Text,
        attempts -> BigInt,
        next_at -> BigInt,
        done_at -> Nullable<BigInt>,
        outcome -> Nullable<Text>,
        last_error -> Nullable<Text>,
    }
}

table! {
    one_time_tokens (id) {
        id -> Binary,
        purpose -> Text,
        user_id -> Nullable<Binary>,
        secret_hash -> Binary,
        bound_to -> Nullable<BigInt>,
        email -> Nullable<Text>,
        key_id -> Nullable<SmallInt>,
        sealed -> Nullable<Binary>,
        mail_kind -> Nullable<Text>,
        mail_locale -> Nullable<Text>,
        mail_attempts -> Nullable<BigInt>,
        mail_due_at -> Nullable<BigInt>,
        created_at -> BigInt,
        expires_at -> BigInt,
    }
}

table! {
    totp (user_id) {
        user_id -> Binary,
        key_id -> SmallInt,
        sealed -> Binary,
        confirmed_at -> Nullable<BigInt>,
        last_step -> BigInt,
    }
}

table! {
    recovery_codes (user_id, hash) {
        user_id -> Binary,
        hash -> Binary,
    }
}

table! {
    passkeys (id) {
        id -> Binary,
        user_id -> Binary,
        credential_id -> Binary,
        name -> Text,
        data -> Text,
        created_at -> BigInt,
        last_used_at -> Nullable<BigInt>,
    }
}

table! {
    login_throttle (key) {
        key -> Binary,
        failures -> BigInt,
        last_at -> BigInt,
    }
}

diesel::joinable!(sessions -> users (user_id));
diesel::joinable!(one_time_tokens -> users (user_id));
diesel::joinable!(totp -> users (user_id));
diesel::joinable!(passkeys -> users (user_id));
diesel::joinable!(webhook_deliveries -> security_events (event_id));
diesel::allow_tables_to_appear_in_same_query!(users, sessions);
diesel::allow_tables_to_appear_in_same_query!(users, one_time_tokens);
diesel::allow_tables_to_appear_in_same_query!(users, totp, recovery_codes, passkeys);
diesel::allow_tables_to_appear_in_same_query!(security_events, webhook_deliveries);

/// The columns of an [`AccountRow`](crate::row::AccountRow).
pub(super) const ACCOUNT: Account = (
    users::id,
    users::email,
    users::display_name,
    users::roles,
    users::locale,
    users::email_verified_at,
    users::created_at,
    users::disabled_at,
);
pub(super) type Account = (
    users::id,
    users::email,
    users::display_name,
    users::roles,
    users::locale,
    users::email_verified_at,
    users::created_at,
    users::disabled_at,
);

/// The columns of a [`FactsRow`](crate::row::FactsRow).
pub(super) const FACTS: Facts = (
    sessions::id,
    sessions::user_id,
    sessions::generation,
    sessions::client_id,
    sessions::scope,
    sessions::auth_time,
    sessions::amr,
    sessions::idle_expires_at,
    sessions::expires_at,
    users::roles,
);
pub(super) type Facts = (
    sessions::id,
    sessions::user_id,
    sessions::generation,
    sessions::client_id,
    sessions::scope,
    sessions::auth_time,
    sessions::amr,
    sessions::idle_expires_at,
    sessions::expires_at,
    users::roles,
);

/// The columns of a [`SessionRow`](crate::row::SessionRow).
pub(super) const SESSION: Session = (
    FACTS,
    sessions::token_hash,
    sessions::nonce,
    sessions::key_id,
    sessions::attempt_hash,
    sessions::rotated_at,
    sessions::late_retries,
    sessions::late_generation,
    sessions::device_name,
    sessions::device_class,
    sessions::ip,
    sessions::user_agent,
    sessions::created_at,
    sessions::last_used_at,
    sessions::revoked_at,
    sessions::end_reason,
    sessions::ended_by,
    sessions::ended_by_id,
    users::disabled_at,
);
pub(super) type Session = (
    Facts,
    sessions::token_hash,
    sessions::nonce,
    sessions::key_id,
    sessions::attempt_hash,
    sessions::rotated_at,
    sessions::late_retries,
    sessions::late_generation,
    sessions::device_name,
    sessions::device_class,
    sessions::ip,
    sessions::user_agent,
    sessions::created_at,
    sessions::last_used_at,
    sessions::revoked_at,
    sessions::end_reason,
    sessions::ended_by,
    sessions::ended_by_id,
    users::disabled_at,
);

/// The columns of an [`EventRow`](crate::row::EventRow).
pub(super) const EVENT: Event = (
    security_events::id,
    security_events::at,
    security_events::kind,
    security_events::user_id,
    security_events::session_id,
    security_events::ip,
    security_events::user_agent,
    security_events::evidence,
    security_events::actor,
    security_events::actor_id,
    security_events::detail,
);
pub(super) type Event = (
    security_events::id,
    security_events::at,
    security_events::kind,
    security_events::user_id,
    security_events::session_id,
    security_events::ip,
    security_events::user_agent,
    security_events::evidence,
    security_events::actor,
    security_events::actor_id,
    security_events::detail,
);

/// The columns of a [`DeliveryRow`](crate::row::DeliveryRow).
pub(super) const DELIVERY: Delivery =
    (webhook_deliveries::id, webhook_deliveries::endpoint, webhook_deliveries::attempts, EVENT);
pub(super) type Delivery = (webhook_deliveries::id, webhook_deliveries::endpoint, webhook_deliveries::attempts, Event);

/// The columns of a [`TokenRow`](crate::row::TokenRow).
pub(super) const TOKEN: Token = (
    one_time_tokens::id,
    one_time_tokens::purpose,
    one_time_tokens::user_id,
    one_time_tokens::secret_hash,
    one_time_tokens::bound_to,
    one_time_tokens::email,
    one_time_tokens::key_id,
    one_time_tokens::sealed,
    one_time_tokens::mail_kind,
    one_time_tokens::mail_locale,
    one_time_tokens::mail_attempts,
    one_time_tokens::created_at,
    one_time_tokens::expires_at,
);
pub(super) type Token = (
    one_time_tokens::id,
    one_time_tokens::purpose,
    one_time_tokens::user_id,
    one_time_tokens::secret_hash,
    one_time_tokens::bound_to,
    one_time_tokens::email,
    one_time_tokens::key_id,
    one_time_tokens::sealed,
    one_time_tokens::mail_kind,
    one_time_tokens::mail_locale,
    one_time_tokens::mail_attempts,
    one_time_tokens::created_at,
    one_time_tokens::expires_at,
);

/// The columns of a [`TotpRow`](crate::row::FactorsRow).
pub(super) const TOTP: Totp = (totp::key_id, totp::sealed, totp::confirmed_at, totp::last_step);
pub(super) type Totp = (totp::key_id, totp::sealed, totp::confirmed_at, totp::last_step);
