//! Servers on one database, and a guard that knows them by one address, as behind a load balancer.

use std::net::SocketAddr;
use std::time::Duration;

use api_axum::{Guard, GuardError};
use futures_util::future::join_all;
use serde_json::Value;
use token_core::NoClaims;

use super::client::Client;
use super::home::{Home, Ran, Server};
use crate::guard::proxy::Proxy;

/// 32 bytes that every node is given.
const MASTER_KEY: &str = "AwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwM=";

pub(super) struct World {
    pub(super) home: Home,
    pub(super) nodes: Vec<Server>,
    guard: Guard,
    _proxy: Proxy,
}

impl World {
    /// That many servers, each with a data folder of its own. The guard follows the last one.
    pub(super) async fn new(home: Home, nodes: usize) -> Self {
        let proxy = Proxy::start().await;
        let home = home.with("JETON_MASTER_KEY", MASTER_KEY).with("JETON_ISSUER", &proxy.url);
        let database = home.database_url();
        let starting = (0..nodes).map(|number| {
            let mut command = home.jeton(&["serve", "--data-dir", &format!("node-{number}")]);
            command.env("JETON_DATABASE_URL", &database).env("JETON_LOG__FORMAT", "json");
            let log = home.next_log();
            std::fs::create_dir_all(home.data()).unwrap();
            tokio::task::spawn_blocking(move || Server::start(command, &log))
        });
        let nodes: Vec<_> = join_all(starting).await.into_iter().map(Result::unwrap).collect();
        proxy.lead_to(address(nodes.last().unwrap()));
        let key = home.run(&["apikeys", "create", "--name", "notes", "--scope", "revocations"]).success();
        let builder = Guard::builder(&proxy.url).audience("jeton").api_key(key.trim().into());
        // Keys that live for seconds alone need it: by default a guard asks for unknown ones every ten seconds.
        let guard = builder.key_fetch_floor(Duration::from_millis(500)).start().await.unwrap();
        Self { home, nodes, guard, _proxy: proxy }
    }

    /// A client of each node.
    pub(super) fn clients(&self) -> Vec<Client> {
        self.nodes.iter().map(Server::client).collect()
    }

    /// Whether the guard lets it in.
    pub(super) async fn guard_says(&self, access: &str) -> Result<(), GuardError> {
        self.guard.authenticate::<NoClaims>(access).await.map(|_| ())
    }

    /// Runs a command beside the servers.
    pub(super) async fn run(&self, arguments: &[&str]) -> Ran {
        let command = self.home.jeton(arguments);
        tokio::task::spawn_blocking(move || Ran::of(command)).await.unwrap()
    }
}

fn address(server: &Server) -> SocketAddr {
    server.url.strip_prefix("http://").unwrap().parse().unwrap()
}

/// The key that signed a token.
pub(super) fn kid_of(access: &str) -> String {
    let header = token_core::strict::base64url(access.split('.').next().unwrap()).unwrap();
    let header: Value = serde_json::from_slice(&header).unwrap();
    header["kid"].as_str().unwrap().to_owned()
}
