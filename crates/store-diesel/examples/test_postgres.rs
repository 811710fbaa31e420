//! Keeps a PostgreSQL server for tests until standard input closes: `cargo xtask test` runs it for the whole run.
//!
//! With `--fresh-database` the address is that of an empty database, which goes with it.
//!
//! Prints `TEST_DATABASE_URL=postgres://…` and a line that says which way served; why others did not goes to standard error.

use std::io::{Read, Write};

use store_diesel::testing::{PostgresServer, TestDatabase};

#[tokio::main]
async fn main() -> std::process::ExitCode {
    let server = match PostgresServer::start().await {
        Ok(server) => server,
        Err(error) => {
            eprintln!("{error}");
            let first: Option<&dyn std::error::Error> = std::error::Error::source(&error);
            for cause in std::iter::successors(first, |cause| cause.source()) {
                eprintln!("because: {cause}");
            }
            return std::process::ExitCode::FAILURE;
        }
    };
    for reason in server.passed_over() {
        eprintln!("passed over: {reason}");
    }
    let fresh = std::env::args().any(|argument| argument == "--fresh-database");
    let database = if fresh {
        match TestDatabase::create(server.url(), "", async |_| Ok::<(), std::io::Error>(())).await {
            Ok(database) => Some(database),
            Err(error) => {
                eprintln!("{error}");
                return std::process::ExitCode::FAILURE;
            }
        }
    } else {
        None
    };
    println!("TEST_DATABASE_URL={}", database.as_ref().map_or(server.url(), TestDatabase::url));
    println!("PostgreSQL for tests: {}", server.origin());
    // A closed standard output means that the owner is gone, and standard input tells that as well.
    let _ = std::io::stdout().flush();
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
    std::process::ExitCode::SUCCESS
}
