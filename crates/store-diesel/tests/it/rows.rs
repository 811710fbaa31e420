//! Rows of every table: good ones, and those that both engines must refuse.

/// A literal that each engine writes in its own way.
#[derive(Clone, Copy)]
pub(crate) enum Value {
    Null,
    Int(i64),
    Text(&'static str),
    /// A text of this many characters.
    Long(usize),
    /// This many bytes.
    Bytes(usize),
    Id(u8),
}
use Value::{Bytes, Id, Int, Long, Null, Text as Str};

impl Value {
    pub(crate) fn postgres(self) -> String {
        match self {
            Bytes(count) => format!("decode(repeat('ab', {count}), 'hex')"),
            Id(n) => format!("'00000000-0000-7000-8000-0000000000{n:02x}'"),
            other => other.common(),
        }
    }

    pub(crate) fn sqlite(self) -> String {
        match self {
            Bytes(count) => format!("x'{}'", "ab".repeat(count)),
            Id(n) => format!("x'000000000000700080000000000000{n:02x}'"),
            other => other.common(),
        }
    }

    fn common(self) -> String {
        match self {
            Int(number) => number.to_string(),
            Str(text) => format!("'{text}'"),
            Long(count) => format!("'{}'", "é".repeat(count)),
            _ => "NULL".to_owned(),
        }
    }
}

/// Columns and their values.
pub(crate) type Row = &'static [(&'static str, Value)];

const USER: Row = &[
    ("id", Id(1)),
    ("email", Str("a@b")),
    ("email_canonical", Str("a@b")),
    ("display_name", Null),
    ("roles", Str("")),
    ("password_hash", Null),
    ("created_at", Int(0)),
    ("disabled_at", Null),
    ("locale", Str("en")),
    ("email_verified_at", Null),
    ("password_changed_at", Null),
];

const SESSION: Row = &[
    ("id", Id(1)),
    ("user_id", Id(1)),
    ("client_id", Str("c")),
    ("scope", Str("")),
    ("auth_time", Int(0)),
    ("amr", Str("")),
    ("generation", Int(0)),
    ("token_hash", Bytes(32)),
    ("nonce", Null),
    ("key_id", Int(0)),
    ("attempt_hash", Null),
    ("rotated_at", Int(0)),
    ("late_retries", Int(0)),
    ("late_generation", Null),
    ("device_name", Null),
    ("ip", Null),
    ("user_agent", Null),
    ("created_at", Int(0)),
    ("last_used_at", Int(0)),
    ("idle_expires_at", Int(1)),
    ("expires_at", Int(1)),
    ("revoked_at", Null),
    ("end_reason", Null),
    ("device_class", Str("web")),
    ("ended_by", Null),
    ("ended_by_id", Null),
];

const REVOCATION: Row =
    &[("seq", Int(1)), ("kind", Str("user")), ("subject", Bytes(16)), ("not_before", Int(0)), ("expires_at", Int(0))];

const EVENT: Row = &[
    ("id", Id(1)),
    ("at", Int(0)),
    ("kind", Str("k")),
    ("user_id", Id(9)),
    ("session_id", Null),
    ("ip", Null),
    ("user_agent", Null),
    ("evidence", Null),
    ("actor", Str("server")),
    ("actor_id", Null),
    ("spread_at", Null),
    ("detail", Null),
];

const KEY: Row = &[
    ("kid", Str("k")),
    ("algorithm", Str("a")),
    ("key_id", Int(255)),
    ("sealed", Bytes(1)),
    ("created_at", Int(0)),
    ("state", Str("next")),
    ("state_since", Null),
    ("state_until", Null),
];

const RETIRED_MASTER: Row = &[("id", Int(255)), ("key_id", Int(0)), ("sealed", Bytes(1)), ("retired_at", Int(0))];

const API_KEY: Row = &[
    ("id", Id(1)),
    ("name", Str("n")),
    ("secret_hash", Bytes(32)),
    ("scopes", Str("")),
    ("created_at", Int(0)),
    ("revoked_at", Null),
];

const DELIVERY: Row = &[
    ("id", Id(1)),
    ("event_id", Id(1)),
    ("endpoint", Str("e")),
    ("attempts", Int(0)),
    ("next_at", Int(0)),
    ("done_at", Null),
    ("outcome", Null),
    ("last_error", Null),
];

const TOKEN: Row = &[
    ("id", Id(1)),
    ("purpose", Str("p")),
    ("user_id", Id(1)),
    ("secret_hash", Bytes(32)),
    ("bound_to", Null),
    ("email", Null),
    ("key_id", Null),
    ("sealed", Null),
    ("mail_kind", Null),
    ("mail_locale", Null),
    ("mail_attempts", Null),
    ("mail_due_at", Null),
    ("created_at", Int(0)),
    ("expires_at", Int(1)),
];

const APP: Row =
    &[("user_id", Id(1)), ("key_id", Int(0)), ("sealed", Bytes(1)), ("confirmed_at", Null), ("last_step", Int(0))];

const CODE: Row = &[("user_id", Id(1)), ("hash", Bytes(32))];

const PASSKEY: Row = &[
    ("id", Id(1)),
    ("user_id", Id(1)),
    ("credential_id", Bytes(1)),
    ("name", Str("n")),
    ("data", Str("{}")),
    ("created_at", Int(0)),
    ("last_used_at", Null),
];

const TALLY: Row = &[("key", Bytes(16)), ("failures", Int(0)), ("last_at", Int(0))];

/// A good row of each table, in an order in which they can be written.
pub(crate) const TABLES: [(&str, Row); 13] = [
    ("users", USER),
    ("sessions", SESSION),
    ("revocations", REVOCATION),
    ("security_events", EVENT),
    ("signing_keys", KEY),
    ("retired_master_keys", RETIRED_MASTER),
    ("api_keys", API_KEY),
    ("webhook_deliveries", DELIVERY),
    ("one_time_tokens", TOKEN),
    ("totp", APP),
    ("recovery_codes", CODE),
    ("passkeys", PASSKEY),
    ("login_throttle", TALLY),
];

const ENDED_WITHOUT_A_WORD: Row = &[("revoked_at", Int(1)), ("end_reason", Str("")), ("ended_by", Str("owner"))];
const ENDED_BY_A_STRANGER: Row = &[("revoked_at", Int(1)), ("end_reason", Str("r")), ("ended_by", Str("him"))];
const ENDED_BY_SOME_ADMIN: Row = &[("revoked_at", Int(1)), ("end_reason", Str("r")), ("ended_by", Str("admin"))];
const ENDED_BY_ONE_SERVER: Row =
    &[("revoked_at", Int(1)), ("end_reason", Str("r")), ("ended_by", Str("server")), ("ended_by_id", Id(1))];
const LOST_KEY: Row = &[("state", Str("lost")), ("state_since", Int(1)), ("state_until", Int(1))];

const MAIL: Row = &[("mail_kind", Str("k")), ("mail_locale", Str("en")), ("mail_attempts", Int(1 << 32))];
const MAIL_OF_NO_KIND: Row = &[("mail_kind", Str("")), ("mail_locale", Str("en")), ("mail_attempts", Int(0))];
const MAIL_IN_NO_LANGUAGE: Row = &[("mail_kind", Str("k")), ("mail_locale", Str("")), ("mail_attempts", Int(0))];
const MAIL_THAT_WAS_NOT_TRIED: Row = &[("mail_kind", Str("k")), ("mail_locale", Str("en"))];

/// What to change in a good row, and why that is refused: the name of the constraint, or the column that is not null.
pub(crate) const BAD: [(&str, Row, &str); 111] = [
    ("users", &[("email", Str("a@"))], "users_email_check"),
    ("users", &[("email", Long(255))], "users_email_check"),
    ("users", &[("email_canonical", Str("a@"))], "users_email_canonical_check"),
    ("users", &[("email_canonical", Long(513))], "users_email_canonical_check"),
    ("users", &[("display_name", Str(""))], "users_display_name_check"),
    ("users", &[("display_name", Long(101))], "users_display_name_check"),
    ("users", &[("password_hash", Str(""))], "users_password_hash_check"),
    ("users", &[("password_hash", Long(1025))], "users_password_hash_check"),
    ("users", &[("roles", Null)], "users.roles"),
    ("users", &[("created_at", Null)], "users.created_at"),
    ("sessions", &[("id", Id(2)), ("user_id", Id(7))], "what is not there"),
    ("sessions", &[("user_id", Null)], "sessions.user_id"),
    ("sessions", &[("client_id", Str(""))], "sessions_client_id_check"),
    ("sessions", &[("scope", Null)], "sessions.scope"),
    ("sessions", &[("generation", Int(-1)), ("nonce", Bytes(32))], "sessions_generation_check"),
    ("sessions", &[("generation", Int(1 << 32)), ("nonce", Bytes(32))], "sessions_generation_check"),
    ("sessions", &[("token_hash", Bytes(31))], "sessions_token_hash_check"),
    ("sessions", &[("token_hash", Bytes(33))], "sessions_token_hash_check"),
    ("sessions", &[("token_hash", Null)], "sessions.token_hash"),
    ("sessions", &[("generation", Int(1)), ("nonce", Bytes(31))], "sessions_nonce_check"),
    ("sessions", &[("generation", Int(1))], "sessions_nonce_generation_check"),
    ("sessions", &[("nonce", Bytes(32))], "sessions_nonce_generation_check"),
    ("sessions", &[("key_id", Int(-1))], "sessions_key_id_check"),
    ("sessions", &[("key_id", Int(256))], "sessions_key_id_check"),
    ("sessions", &[("attempt_hash", Bytes(0))], "sessions_attempt_hash_check"),
    ("sessions", &[("late_retries", Int(-1))], "sessions_late_retries_check"),
    ("sessions", &[("late_generation", Int(-1))], "sessions_late_generation_check"),
    ("sessions", &[("idle_expires_at", Int(0))], "sessions_idle_expires_at_check"),
    ("sessions", &[("expires_at", Int(0))], "sessions_expires_at_check"),
    ("sessions", &[("revoked_at", Int(1))], "sessions_ended_check"),
    ("sessions", &[("end_reason", Str("logout"))], "sessions_ended_check"),
    ("sessions", &[("revoked_at", Int(1)), ("end_reason", Str("logout"))], "sessions_ended_check"),
    ("sessions", &[("ended_by", Str("owner"))], "sessions_ended_check"),
    ("sessions", &[("ended_by_id", Id(1))], "sessions_ended_check"),
    ("sessions", ENDED_WITHOUT_A_WORD, "sessions_end_reason_check"),
    ("sessions", ENDED_BY_A_STRANGER, "sessions_ended_by_check"),
    ("sessions", ENDED_BY_SOME_ADMIN, "sessions_ended_by_check"),
    ("sessions", ENDED_BY_ONE_SERVER, "sessions_ended_by_check"),
    ("sessions", &[("device_class", Str("toaster"))], "sessions_device_class_check"),
    ("sessions", &[("device_class", Null)], "sessions.device_class"),
    ("revocations", &[("kind", Str("planet"))], "revocations_kind_check"),
    ("revocations", &[("kind", Null)], "revocations.kind"),
    ("revocations", &[("subject", Bytes(32))], "revocations_subject_check"),
    ("revocations", &[("kind", Str("key"))], "revocations_subject_check"),
    ("revocations", &[("not_before", Int(1))], "revocations_expires_at_check"),
    ("security_events", &[("kind", Str(""))], "security_events_kind_check"),
    ("security_events", &[("user_id", Null)], "security_events.user_id"),
    ("security_events", &[("evidence", Str(""))], "security_events_evidence_check"),
    ("security_events", &[("actor", Null)], "security_events.actor"),
    ("security_events", &[("actor", Str("admin"))], "security_events_actor_check"),
    ("security_events", &[("actor_id", Id(1))], "security_events_actor_check"),
    ("signing_keys", &[("kid", Str(""))], "signing_keys_kid_check"),
    ("signing_keys", &[("kid", Long(256))], "signing_keys_kid_check"),
    ("signing_keys", &[("algorithm", Str(""))], "signing_keys_algorithm_check"),
    ("signing_keys", &[("key_id", Int(256))], "signing_keys_key_id_check"),
    ("signing_keys", &[("sealed", Bytes(0))], "signing_keys_sealed_check"),
    ("signing_keys", &[("sealed", Null)], "signing_keys.sealed"),
    ("signing_keys", &[("state", Null)], "signing_keys.state"),
    ("signing_keys", LOST_KEY, "signing_keys_state_check"),
    ("signing_keys", &[("state_since", Int(1))], "signing_keys_state_since_check"),
    ("signing_keys", &[("state", Str("active"))], "signing_keys_state_since_check"),
    ("signing_keys", &[("state_until", Int(1))], "signing_keys_state_until_check"),
    ("signing_keys", &[("state", Str("retired")), ("state_since", Int(1))], "signing_keys_state_until_check"),
    ("signing_keys", &[("state", Str("revoked")), ("state_since", Int(1))], "signing_keys_state_until_check"),
    ("retired_master_keys", &[("id", Int(-1))], "retired_master_keys_id_check"),
    ("retired_master_keys", &[("id", Int(256))], "retired_master_keys_id_check"),
    ("retired_master_keys", &[("id", Int(1)), ("key_id", Int(256))], "retired_master_keys_key_id_check"),
    ("retired_master_keys", &[("id", Int(1)), ("sealed", Bytes(0))], "retired_master_keys_sealed_check"),
    ("retired_master_keys", &[("id", Int(1)), ("sealed", Null)], "retired_master_keys.sealed"),
    ("api_keys", &[("name", Str(""))], "api_keys_name_check"),
    ("api_keys", &[("name", Long(101))], "api_keys_name_check"),
    ("api_keys", &[("secret_hash", Bytes(16))], "api_keys_secret_hash_check"),
    ("webhook_deliveries", &[("id", Id(2)), ("event_id", Id(7)), ("endpoint", Str("f"))], "what is not there"),
    ("webhook_deliveries", &[("endpoint", Str(""))], "webhook_deliveries_endpoint_check"),
    ("webhook_deliveries", &[("attempts", Int(-1))], "webhook_deliveries_attempts_check"),
    ("webhook_deliveries", &[("outcome", Str("lost")), ("done_at", Int(1))], "webhook_deliveries_outcome_check"),
    ("webhook_deliveries", &[("outcome", Str("delivered"))], "webhook_deliveries_done_check"),
    ("webhook_deliveries", &[("done_at", Int(1))], "webhook_deliveries_done_check"),
    ("users", &[("locale", Str(""))], "users_locale_check"),
    ("users", &[("locale", Null)], "users.locale"),
    ("security_events", &[("detail", Long(301))], "security_events_detail_check"),
    ("one_time_tokens", &[("purpose", Str(""))], "one_time_tokens_purpose_check"),
    ("one_time_tokens", &[("id", Id(2)), ("user_id", Id(7))], "what is not there"),
    ("one_time_tokens", &[("secret_hash", Bytes(31))], "one_time_tokens_secret_hash_check"),
    ("one_time_tokens", &[("secret_hash", Null)], "one_time_tokens.secret_hash"),
    ("one_time_tokens", &[("email", Str("a@"))], "one_time_tokens_email_check"),
    ("one_time_tokens", &[("key_id", Int(256)), ("sealed", Bytes(1))], "one_time_tokens_key_id_check"),
    ("one_time_tokens", &[("key_id", Int(1)), ("sealed", Bytes(0))], "one_time_tokens_sealed_check"),
    ("one_time_tokens", &[("key_id", Int(1))], "one_time_tokens_sealed_key_id_check"),
    ("one_time_tokens", &[("sealed", Bytes(1))], "one_time_tokens_sealed_key_id_check"),
    ("one_time_tokens", MAIL, "one_time_tokens_mail_attempts_check"),
    ("one_time_tokens", MAIL_OF_NO_KIND, "one_time_tokens_mail_kind_check"),
    ("one_time_tokens", MAIL_IN_NO_LANGUAGE, "one_time_tokens_mail_locale_check"),
    ("one_time_tokens", MAIL_THAT_WAS_NOT_TRIED, "one_time_tokens_mail_check"),
    ("one_time_tokens", &[("mail_due_at", Int(1))], "one_time_tokens_mail_check"),
    ("one_time_tokens", &[("expires_at", Int(0))], "one_time_tokens_expires_at_check"),
    ("totp", &[("user_id", Id(7))], "what is not there"),
    ("totp", &[("key_id", Int(-1))], "totp_key_id_check"),
    ("totp", &[("sealed", Bytes(0))], "totp_sealed_check"),
    ("totp", &[("last_step", Int(-1))], "totp_last_step_check"),
    ("recovery_codes", &[("user_id", Id(7))], "what is not there"),
    ("recovery_codes", &[("hash", Bytes(31))], "recovery_codes_hash_check"),
    ("passkeys", &[("id", Id(2)), ("user_id", Id(7)), ("credential_id", Bytes(2))], "what is not there"),
    ("passkeys", &[("credential_id", Bytes(0))], "passkeys_credential_id_check"),
    ("passkeys", &[("credential_id", Bytes(1024))], "passkeys_credential_id_check"),
    ("passkeys", &[("name", Str(""))], "passkeys_name_check"),
    ("passkeys", &[("name", Long(101))], "passkeys_name_check"),
    ("passkeys", &[("data", Str(""))], "passkeys_data_check"),
    ("login_throttle", &[("key", Bytes(15))], "login_throttle_key_check"),
    ("login_throttle", &[("failures", Int(-1))], "login_throttle_failures_check"),
    ("login_throttle", &[("failures", Int(1 << 32))], "login_throttle_failures_check"),
];

/// Writes a good row with these changes.
pub(crate) fn insert(table: &str, bad: Row, literal: fn(Value) -> String) -> String {
    let good = TABLES.iter().find(|(name, _)| *name == table).unwrap().1;
    let override_of = |column: &str| bad.iter().find(|(name, _)| *name == column).map(|(_, value)| *value);
    let columns: Vec<_> = good.iter().map(|(column, _)| *column).collect();
    let values: Vec<_> = good.iter().map(|(column, value)| literal(override_of(column).unwrap_or(*value))).collect();
    format!("INSERT INTO {table} ({}) VALUES ({})", columns.join(", "), values.join(", "))
}
