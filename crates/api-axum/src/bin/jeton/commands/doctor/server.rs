//! The servers: the one at the address of the settings, its metrics, and the others on the same database.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use reqwest::{Client, StatusCode};
use serde_json::Value;
use store_diesel::examine::{Examination, Peer, SqliteExamination};
use tokio::net::TcpListener;

use super::configuration::is_reachable_from_outside;
use super::database::Examined;
use super::finding::Finding;
use super::processes;
use super::report::wait_for;
use crate::commands::healthcheck::reachable;
use crate::config::{Config, MetricsListen};

/// How long a server on this machine may take.
const PATIENCE: Duration = Duration::from_secs(5);

pub(super) async fn check(config: &Config, examined: Option<&Examined>) -> Vec<Finding> {
    let (running, is_running) = running(config.listen).await;
    let mut found = vec![running, metrics(config.metrics, is_running).await];
    match examined.map(|examined| &examined.examination) {
        Some(Examination::Postgres(postgres)) => {
            found.push(others(&postgres.peers, config));
        }
        Some(Examination::Sqlite(sqlite)) => found.push(sharers(sqlite)),
        None => {}
    }
    found
}

/// Whether a server runs at the address, and says that it is ready.
async fn running(listen: SocketAddr) -> (Finding, bool) {
    const CHECK: &str = "servers.ready";
    if listen.port() == 0 {
        return (Finding::ok(CHECK, "the server takes a free port when it starts, so it cannot be asked"), false);
    }
    let address = reachable(listen);
    let asked = wait_for(&format!("http://{address}/readyz"), PATIENCE, get(&format!("http://{address}/readyz"))).await;
    match asked {
        Some(Ok((StatusCode::OK, _))) => (Finding::ok(CHECK, format!("a server at {address} is ready")), true),
        Some(Ok((status, body))) if body.get("checks").is_some() => {
            let failed = failed(&body);
            let what = format!("the server at {address} is not ready ({status}): {failed}");
            (
                Finding::problem(
                    CHECK,
                    what,
                    "its log has the cause; `docs/how-to/operations.md` tells what each check means",
                ),
                true,
            )
        }
        Some(Ok((status, _))) => {
            let what = format!("another program answers at {address} ({status} to /readyz)");
            (Finding::problem(CHECK, what, "stop it, or set another address (listen)"), false)
        }
        Some(Err(_)) => (unbound(CHECK, listen).await, false),
        None => {
            let what = format!("whatever listens at {address} did not answer within {} s", PATIENCE.as_secs());
            (Finding::problem(CHECK, what, "look at its log; stop it if it is not Jeton"), false)
        }
    }
}

/// The checks of `/readyz` that failed, in words.
fn failed(body: &Value) -> String {
    let checks = body.get("checks").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let text = |check: &Value, member: &str| check.get(member).and_then(Value::as_str).unwrap_or_default().to_owned();
    let failed = checks.iter().filter(|check| text(check, "status") == "failed");
    failed.map(|check| format!("{}: {}", text(check, "name"), text(check, "detail"))).collect::<Vec<_>>().join("; ")
}

/// Nothing answers: whether a server could listen there.
async fn unbound(check: &'static str, listen: SocketAddr) -> Finding {
    match TcpListener::bind(listen).await {
        Ok(_) => Finding::ok(check, format!("no server runs; `jeton serve` can listen on {listen}")),
        Err(error) => {
            let todo = match error.kind() {
                io::ErrorKind::PermissionDenied => "ports below 1024 need a right; take a higher one behind a proxy",
                io::ErrorKind::AddrInUse => "another program has the port; stop it, or set another (listen)",
                _ => "name an address that this machine has (listen)",
            };
            Finding::problem(check, format!("a server cannot listen on {listen}: {error}"), todo)
        }
    }
}

async fn metrics(listen: MetricsListen, is_running: bool) -> Finding {
    const CHECK: &str = "servers.metrics";
    let address = match listen {
        MetricsListen::Off => {
            return Finding::advice(
                CHECK,
                "metrics are off",
                "set metrics.listen, such as 127.0.0.1:9464, and collect them",
            );
        }
        MetricsListen::Usual(address) | MetricsListen::At(address) => address,
    };
    if !is_running || address.port() == 0 {
        return Finding::ok(CHECK, format!("a server will have its metrics at {address}"));
    }
    let url = format!("http://{}/metrics", reachable(address));
    match wait_for(&url, PATIENCE, get(&url)).await {
        Some(Ok((StatusCode::OK, _))) if is_reachable_from_outside(address.ip()) => {
            Finding::ok(CHECK, format!("{url} answers; keep {address} inside your network, it has no login"))
        }
        Some(Ok((StatusCode::OK, _))) => Finding::ok(CHECK, format!("{url} answers")),
        _ => Finding::problem(
            CHECK,
            format!("{url} does not answer, though a server runs"),
            "another program may have had the port when it started; set another metrics.listen, and restart",
        ),
    }
}

/// The servers of a PostgreSQL database, as it knows them.
fn others(peers: &[Peer], config: &Config) -> Finding {
    const CHECK: &str = "servers.cluster";
    let mut versions = BTreeMap::<String, Vec<String>>::new();
    for peer in peers {
        // `jeton/0.1.0 node-1:4711`, as `jeton serve` names itself.
        let Some((version, node)) = peer.name.strip_prefix("jeton/").and_then(|rest| rest.split_once(' ')) else {
            continue;
        };
        let place = peer.address.as_ref().map_or_else(|| node.to_owned(), |address| format!("{node} at {address}"));
        versions.entry(version.to_owned()).or_default().push(place);
    }
    let count: usize = versions.values().map(Vec::len).sum();
    let list = versions.iter().map(|(version, nodes)| format!("{version} on {}", nodes.join(", "))).collect::<Vec<_>>();
    if count == 0 {
        return Finding::ok(CHECK, "no server is connected to this database");
    }
    let connections = config.database.postgres_connections;
    let what = format!("{count} servers are connected to this database: {}", list.join("; "));
    let other_version = versions.keys().any(|version| version != env!("CARGO_PKG_VERSION"));
    if versions.len() > 1 || other_version {
        let todo =
            format!("this program is {}; finish the update when the new servers are well", env!("CARGO_PKG_VERSION"));
        Finding::advice(CHECK, what, todo)
    } else {
        Finding::ok(CHECK, format!("{what} ({connections} connections each at most)"))
    }
}

/// The programs that have an SQLite database open.
fn sharers(sqlite: &SqliteExamination) -> Finding {
    const CHECK: &str = "servers.cluster";
    let open = processes::with_open(&sqlite.path);
    let ids = open.iter().map(u32::to_string).collect::<Vec<_>>().join(", ");
    match open.len() {
        0 => Finding::ok(CHECK, "no other program has the database open"),
        1 => Finding::ok(CHECK, format!("one other program has the database open (process {ids})")),
        count => Finding::advice(
            CHECK,
            format!("{count} other programs have the database open (processes {ids})"),
            "run one server on an SQLite database; several need PostgreSQL",
        ),
    }
}

/// Status and JSON of an answer; what is no JSON is null.
async fn get(url: &str) -> reqwest::Result<(StatusCode, Value)> {
    let client = Client::builder().no_proxy().timeout(PATIENCE).build()?;
    let answer = client.get(url).send().await?;
    let status = answer.status();
    let body = answer.bytes().await?;
    Ok((status, serde_json::from_slice(&body).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checks_that_failed_are_named() {
        let body = serde_json::json!({ "checks": [
            { "name": "database", "status": "failed", "detail": "it does not answer" },
            { "name": "keys", "status": "ok", "detail": "one signs" },
        ]});
        assert_eq!(failed(&body), "database: it does not answer");
    }
}
