//! Both engines hold the same tables, and refuse the same rows for the same reason.

use std::collections::{BTreeMap, BTreeSet};

use diesel::RunQueryDsl;
use diesel::connection::SimpleConnection;
use diesel::sql_types::{BigInt, Text};

use crate::scene::{Postgres, Sqlite};

/// A literal that each engine writes in its own way.
#[derive(Clone, Copy)]
enum Value {
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
    fn postgres(self) -> String {
        match self {
            Bytes(count) => format!("decode(repeat('ab', {count}), 'hex')"),
            Id(n) => format!("'00000000-0000-7000-8000-0000000000{n:02x}'"),
            other => other.common(),
        }
    }

    fn sqlite(self) -> String {
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

type Row = &'static [(&'static str, Value)];

const USER: Row = &[
    ("id", Id(1)),
    ("email", Str("a@b")),
    ("email_canonical", Str("a@b")),
    ("display_name", Null),
    ("roles", Str("")),
    ("password_hash", Null),
    ("created_at", Int(0)),
    ("disabled_at", Null),
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
];

const REVOCATION: Row =
    &[("seq", Int(1)), ("kind", Str("user")), ("subject", Id(1)), ("not_before", Int(0)), ("expires_at", Int(0))];

const EVENT: Row = &[
    ("id", Id(1)),
    ("at", Int(0)),
    ("kind", Str("k")),
    ("user_id", Id(9)),
    ("session_id", Null),
    ("ip", Null),
    ("user_agent", Null),
    ("evidence", Null),
];

const KEY: Row =
    &[("kid", Str("k")), ("algorithm", Str("a")), ("key_id", Int(255)), ("sealed", Bytes(1)), ("created_at", Int(0))];

const TABLES: [(&str, Row); 5] = [
    ("users", USER),
    ("sessions", SESSION),
    ("revocations", REVOCATION),
    ("security_events", EVENT),
    ("signing_keys", KEY),
];

/// What to change in a good row, and why that is refused: the name of the constraint, or the column that is not null.
const BAD: [(&str, Row, &str); 44] = [
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
    ("sessions", &[("id", Id(2)), ("user_id", Id(7))], "a user that is not there"),
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
    ("sessions", &[("revoked_at", Int(1)), ("end_reason", Str(""))], "sessions_end_reason_check"),
    ("revocations", &[("kind", Str("planet"))], "revocations_kind_check"),
    ("revocations", &[("kind", Null)], "revocations.kind"),
    ("revocations", &[("not_before", Int(1))], "revocations_expires_at_check"),
    ("security_events", &[("kind", Str(""))], "security_events_kind_check"),
    ("security_events", &[("user_id", Null)], "security_events.user_id"),
    ("security_events", &[("evidence", Str(""))], "security_events_evidence_check"),
    ("signing_keys", &[("kid", Str(""))], "signing_keys_kid_check"),
    ("signing_keys", &[("kid", Long(256))], "signing_keys_kid_check"),
    ("signing_keys", &[("algorithm", Str(""))], "signing_keys_algorithm_check"),
    ("signing_keys", &[("key_id", Int(256))], "signing_keys_key_id_check"),
    ("signing_keys", &[("sealed", Bytes(0))], "signing_keys_sealed_check"),
    ("signing_keys", &[("sealed", Null)], "signing_keys.sealed"),
];

fn insert(table: &str, bad: Row, literal: fn(Value) -> String) -> String {
    let good = TABLES.iter().find(|(name, _)| *name == table).unwrap().1;
    let override_of = |column: &str| bad.iter().find(|(name, _)| *name == column).map(|(_, value)| *value);
    let columns: Vec<_> = good.iter().map(|(column, _)| *column).collect();
    let values: Vec<_> = good.iter().map(|(column, value)| literal(override_of(column).unwrap_or(*value))).collect();
    format!("INSERT INTO {table} ({}) VALUES ({})", columns.join(", "), values.join(", "))
}

/// Why PostgreSQL refuses it.
async fn refused_by_postgres(client: &tokio_postgres::Client, sql: &str) -> String {
    let error = client.batch_execute(sql).await.expect_err(sql);
    let error = error.as_db_error().unwrap();
    match (error.constraint(), error.table(), error.column()) {
        (Some(name), ..) if name.ends_with("_fkey") => "a user that is not there".to_owned(),
        (Some(name), ..) => name.to_owned(),
        (None, Some(table), Some(column)) => format!("{table}.{column}"),
        _ => error.to_string(),
    }
}

/// Why SQLite refuses it.
fn refused_by_sqlite(connection: &mut diesel::SqliteConnection, sql: &str) -> String {
    let message = connection.batch_execute(sql).expect_err(sql).to_string();
    match message.split_once(" constraint failed") {
        Some(("FOREIGN KEY", _)) => "a user that is not there".to_owned(),
        Some((_, name)) => name.trim_start_matches(": ").to_owned(),
        None => message,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_engines_refuse_the_same_rows_for_the_same_reason() {
    let (sqlite, postgres) = (Sqlite::open().await, Postgres::open().await);
    let (mut connection, client) = (sqlite.connection(), postgres.client().await);
    for (table, _) in TABLES {
        connection.batch_execute(&insert(table, &[], Value::sqlite)).unwrap();
        client.batch_execute(&insert(table, &[], Value::postgres)).await.unwrap();
    }
    for (table, changes, reason) in BAD {
        assert_eq!(refused_by_sqlite(&mut connection, &insert(table, changes, Value::sqlite)), reason);
        assert_eq!(refused_by_postgres(&client, &insert(table, changes, Value::postgres)).await, reason);
    }
    let same_address: Row = &[("id", Id(2))];
    assert_eq!(
        refused_by_sqlite(&mut connection, &insert("users", same_address, Value::sqlite)),
        "users.email_canonical"
    );
    assert_eq!(
        refused_by_postgres(&client, &insert("users", same_address, Value::postgres)).await,
        "users_email_canonical_key"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deleting_a_user_deletes_his_sessions_and_keeps_what_outlives_him() {
    const COUNTS: &str = "SELECT (SELECT count(*) FROM sessions) * 100 + (SELECT count(*) FROM revocations) * 10
                          + (SELECT count(*) FROM security_events) AS number";
    let (sqlite, postgres) = (Sqlite::open().await, Postgres::open().await);
    let (mut connection, client) = (sqlite.connection(), postgres.client().await);
    for (table, _) in TABLES {
        connection.batch_execute(&insert(table, &[], Value::sqlite)).unwrap();
        client.batch_execute(&insert(table, &[], Value::postgres)).await.unwrap();
    }
    connection.batch_execute("DELETE FROM users").unwrap();
    client.batch_execute("DELETE FROM users").await.unwrap();
    assert_eq!(diesel::sql_query(COUNTS).get_result::<Number>(&mut connection).unwrap().number, 11);
    assert_eq!(client.query_one(COUNTS, &[]).await.unwrap().get::<_, i64>(0), 11);
}

#[derive(diesel::QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

#[derive(diesel::QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

/// Every column with its table, its place, its kind of value and whether it may be null.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_engines_have_the_same_tables_columns_indices_and_checks() {
    let (sqlite, postgres) = (Sqlite::open().await, Postgres::open().await);
    let (mut connection, client) = (sqlite.connection(), postgres.client().await);

    let columns_of_postgres = "
        SELECT table_name || ' ' || ordinal_position || ' ' || column_name || ' ' || CASE data_type
            WHEN 'bigint' THEN 'INTEGER' WHEN 'smallint' THEN 'INTEGER' WHEN 'text' THEN 'TEXT'
            WHEN 'bytea' THEN 'BLOB' WHEN 'uuid' THEN 'BLOB' ELSE data_type END
            || CASE is_nullable WHEN 'NO' THEN ' NOT NULL' ELSE '' END
        FROM information_schema.columns WHERE table_schema = 'public' AND table_name NOT LIKE '\\_\\_%'";
    let columns_of_sqlite = "
        SELECT m.name || ' ' || (c.cid + 1) || ' ' || c.name || ' ' || c.type
            || CASE c.\"notnull\" WHEN 1 THEN ' NOT NULL' ELSE '' END AS line
        FROM sqlite_master m, pragma_table_info(m.name) c
        WHERE m.type = 'table' AND m.name NOT LIKE '\\_\\_%' ESCAPE '\\' AND m.name NOT LIKE 'sqlite%'";
    let indices_of_postgres = "
        SELECT indexname || substring(indexdef from '\\(.*\\)') FROM pg_indexes
        WHERE schemaname = 'public' AND indexname NOT LIKE '%\\_pkey' AND indexname NOT LIKE '%\\_key'";
    let indices_of_sqlite = "
        SELECT name || substr(sql, instr(sql, '(')) AS line FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL";
    for (of_postgres, of_sqlite) in [(columns_of_postgres, columns_of_sqlite), (indices_of_postgres, indices_of_sqlite)]
    {
        let postgres: BTreeSet<String> =
            client.query(of_postgres, &[]).await.unwrap().iter().map(|row| row.get(0)).collect();
        let sqlite: BTreeSet<String> = diesel::sql_query(of_sqlite)
            .load::<Line>(&mut connection)
            .unwrap()
            .into_iter()
            .map(|row| row.line)
            .collect();
        assert!(postgres.len() >= 4);
        assert_eq!(sqlite, postgres);
    }

    let checks =
        "SELECT conname::text FROM pg_constraint WHERE contype = 'c' AND connamespace = 'public'::regnamespace";
    let mut of_postgres: BTreeSet<String> =
        client.query(checks, &[]).await.unwrap().iter().map(|row| row.get(0)).collect();
    // PostgreSQL has a type for identifiers; on SQLite they are bytes, and their length is checked.
    of_postgres.extend(
        [
            "users_id",
            "sessions_id",
            "revocations_subject",
            "security_events_id",
            "security_events_user_id",
            "security_events_session_id",
        ]
        .map(|name| format!("{name}_check")),
    );
    let tables = diesel::sql_query("SELECT sql AS line FROM sqlite_master WHERE type = 'table' AND sql IS NOT NULL");
    let of_sqlite: BTreeMap<String, String> = tables
        .load::<Line>(&mut connection)
        .unwrap()
        .iter()
        .flat_map(|table| table.line.split("CONSTRAINT ").skip(1).map(str::to_owned).collect::<Vec<_>>())
        .filter_map(|constraint| {
            let (name, rest) = constraint.split_once(' ')?;
            rest.starts_with("CHECK").then(|| (name.to_owned(), rest.to_owned()))
        })
        .collect();
    assert_eq!(of_sqlite.into_keys().collect::<BTreeSet<_>>(), of_postgres);
}
