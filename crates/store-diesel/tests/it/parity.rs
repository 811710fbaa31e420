//! Both engines hold the same tables, and refuse the same rows for the same reason.

use std::collections::{BTreeMap, BTreeSet};

use diesel::RunQueryDsl;
use diesel::connection::SimpleConnection;
use diesel::sql_types::{BigInt, Text};

use crate::rows::{BAD, Row, TABLES, Value, insert};
use crate::scene::{Postgres, Sqlite};

/// Why PostgreSQL refuses it.
async fn refused_by_postgres(client: &tokio_postgres::Client, sql: &str) -> String {
    let error = client.batch_execute(sql).await.expect_err(sql);
    let error = error.as_db_error().unwrap();
    match (error.constraint(), error.table(), error.column()) {
        (Some(name), ..) if name.ends_with("_fkey") => "what is not there".to_owned(),
        (Some(name), ..) => name.to_owned(),
        (None, Some(table), Some(column)) => format!("{table}.{column}"),
        _ => error.to_string(),
    }
}

/// Why SQLite refuses it.
fn refused_by_sqlite(connection: &mut diesel::SqliteConnection, sql: &str) -> String {
    let message = connection.batch_execute(sql).expect_err(sql).to_string();
    match message.split_once(" constraint failed") {
        Some(("FOREIGN KEY", _)) => "what is not there".to_owned(),
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
    let same_credential: Row = &[("id", Value::Id(2))];
    assert_eq!(
        refused_by_sqlite(&mut connection, &insert("passkeys", same_credential, Value::sqlite)),
        "passkeys.credential_id"
    );
    assert_eq!(
        refused_by_postgres(&client, &insert("passkeys", same_credential, Value::postgres)).await,
        "passkeys_credential_id_key"
    );
    let same_address: Row = &[("id", Value::Id(2))];
    let told_twice: Row = &[("id", Value::Id(2))];
    assert_eq!(
        refused_by_sqlite(&mut connection, &insert("webhook_deliveries", told_twice, Value::sqlite)),
        "webhook_deliveries.event_id, webhook_deliveries.endpoint"
    );
    assert_eq!(
        refused_by_postgres(&client, &insert("webhook_deliveries", told_twice, Value::postgres)).await,
        "webhook_deliveries_event_key"
    );
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
async fn deleting_a_user_deletes_what_is_his_and_keeps_what_outlives_him() {
    const COUNTS: &str =
        "SELECT (SELECT count(*) FROM sessions) * 100000 + (SELECT count(*) FROM one_time_tokens) * 10000
                          + (SELECT count(*) FROM totp) * 1000 + (SELECT count(*) FROM recovery_codes) * 100
                          + (SELECT count(*) FROM passkeys) * 100 + (SELECT count(*) FROM revocations) * 10
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
            "sessions_ended_by_id",
            "api_keys_id",
            "webhook_deliveries_id",
            "security_events_id",
            "security_events_actor_id",
            "security_events_user_id",
            "security_events_session_id",
            "one_time_tokens_id",
            "one_time_tokens_user_id",
            "totp_user_id",
            "recovery_codes_user_id",
            "passkeys_id",
            "passkeys_user_id",
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
