//! Administrative statements: short connections beside the pool under test.

use std::time::Duration;

use tokio_postgres::{Client, NoTls, error::SqlState};

use super::TestPostgresError;

const CONNECT_DEADLINE: Duration = Duration::from_secs(10);
const RETRY_PAUSE: Duration = Duration::from_millis(50);
const RETRIES: u32 = 200;

/// Connects once; the connection ends when the client is dropped.
pub(super) async fn connect_once(url: &str) -> Result<Client, Box<dyn std::error::Error + Send + Sync>> {
    let (client, connection) = tokio::time::timeout(CONNECT_DEADLINE, tokio_postgres::connect(url, NoTls)).await??;
    tokio::spawn(connection);
    Ok(client)
}

/// Connects, and waits for a place where the server has all its connections in use.
pub(super) async fn connect(url: &str, context: &'static str) -> Result<Client, TestPostgresError> {
    let mut tries = 0;
    loop {
        match connect_once(url).await {
            Ok(client) => return Ok(client),
            Err(source) if tries < RETRIES && is_passing(source.downcast_ref()) => {
                tries += 1;
                tokio::time::sleep(RETRY_PAUSE).await;
            }
            Err(source) => return Err(TestPostgresError::Unreachable { context, source }),
        }
    }
}

/// Runs one statement, again while what hinders it is passing.
pub(super) async fn run(client: &Client, action: &'static str, statement: &str) -> Result<(), TestPostgresError> {
    let mut tries = 0;
    loop {
        match client.batch_execute(statement).await {
            Ok(()) => return Ok(()),
            Err(source) if tries < RETRIES && is_passing(Some(&source)) => {
                tries += 1;
                tokio::time::sleep(RETRY_PAUSE).await;
            }
            Err(source) => return Err(TestPostgresError::Refused { action, source }),
        }
    }
}

fn is_passing(error: Option<&tokio_postgres::Error>) -> bool {
    error.and_then(tokio_postgres::Error::code).is_some_and(|code| {
        [SqlState::TOO_MANY_CONNECTIONS, SqlState::OBJECT_IN_USE, SqlState::CANNOT_CONNECT_NOW].contains(code)
    })
}

/// The server's address with another database's name in it.
pub(super) fn with_database(server_url: &str, database: &str) -> Result<String, TestPostgresError> {
    let (scheme, rest) = server_url.split_once("://").ok_or(TestPostgresError::NotAnAddress)?;
    if !matches!(scheme, "postgres" | "postgresql") {
        return Err(TestPostgresError::NotAnAddress);
    }
    let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, _) = place.split_once('/').unwrap_or((place, ""));
    let query = if query.is_empty() { String::new() } else { format!("?{query}") };
    Ok(format!("{scheme}://{authority}/{database}{query}"))
}

#[cfg(test)]
mod tests {
    use super::with_database;

    fn check(server_url: &str, expect: &str) {
        assert_eq!(with_database(server_url, "d").unwrap(), expect);
    }

    #[test]
    fn only_the_databases_name_changes_in_an_address() {
        check("postgres://u:p@h:5432/postgres", "postgres://u:p@h:5432/d");
        check("postgresql://h", "postgresql://h/d");
        check("postgres://u@h/?sslmode=disable", "postgres://u@h/d?sslmode=disable");
        check("postgres://u@h?host=/run/postgresql", "postgres://u@h/d?host=/run/postgresql");
    }

    #[test]
    fn an_address_of_another_kind_is_refused() {
        assert!(with_database("sqlite:jeton.db", "d").is_err());
        assert!(with_database("mysql://h/x", "d").is_err());
    }
}
