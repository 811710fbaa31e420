//! The servers that a URL names: a connection goes to one that takes writes.
//!
//! Each is asked by itself and within a time of its own, so that one that is silent never keeps the others from being asked.
//! The one that served last is asked first.

use std::error::Error;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::time::timeout;
use tokio_postgres::config::{Host, TargetSessionAttrs};
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::{Client, Config, Connection, Socket};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::error::OpenError;
use crate::url::Address;

/// What a connection is sent over when it is encrypted.
type Stream = <MakeRustlsConnect as MakeTlsConnect<Socket>>::Stream;

/// One or more servers, of which one is writable at a time.
pub(crate) struct Servers {
    each: Vec<Config>,
    connector: MakeRustlsConnect,
    /// The place of the one that served last.
    last: AtomicUsize,
    /// Whether a pooler stands before them that gives a connection away after each transaction.
    is_pooled: bool,
}

impl Servers {
    /// Reads the certificates, where the connection is to be encrypted.
    pub(crate) fn new(address: &Address) -> Result<Self, OpenError> {
        let config = with_defaults(address.config.clone());
        let count = config.get_hosts().len().max(config.get_hostaddrs().len());
        let each = (0..count).map(|place| only(&config, place)).collect();
        let connector = address.encryption.connector()?;
        Ok(Self { each, connector, last: AtomicUsize::new(0), is_pooled: address.is_pooled })
    }

    pub(crate) const fn is_pooled(&self) -> bool {
        self.is_pooled
    }

    /// A connection to a server that takes writes, or what each of them said. All of it takes `within` at most.
    pub(crate) async fn connect(&self, within: Duration) -> Result<(Client, Connection<Socket, Stream>), String> {
        // A little less, so that the reason is told before whoever waits has lost patience.
        let share = within * 9 / 10 / u32::try_from(self.each.len()).unwrap_or(1).max(1);
        let last = self.last.load(Ordering::Relaxed);
        let (before, from) = self.each.split_at(last.min(self.each.len()));
        let mut reasons = Vec::new();
        for (place, config) in (last..).zip(from).chain((0..).zip(before)) {
            match timeout(share, config.connect(self.connector.clone())).await {
                Ok(Ok(connected)) => {
                    if self.last.swap(place, Ordering::Relaxed) != place {
                        tracing::info!(server = %name(config), "connected to another server of PostgreSQL");
                    }
                    return Ok(connected);
                }
                Ok(Err(error)) => reasons.push(self.named(config, &reason(&error))),
                Err(_) => reasons.push(self.named(config, &format!("no connection within {} ms", share.as_millis()))),
            }
        }
        Err(reasons.join("; "))
    }

    fn named(&self, config: &Config, reason: &str) -> String {
        if self.each.len() > 1 { format!("{}: {reason}", name(config)) } else { reason.to_owned() }
    }
}

/// The operator's settings, and ours where he has none.
fn with_defaults(mut config: Config) -> Config {
    if config.get_application_name().is_none() {
        config.application_name("jeton");
    }
    if config.get_tcp_user_timeout().is_none() {
        // A server that vanished without a word is noticed; otherwise a step could wait for it for many minutes.
        config.tcp_user_timeout(Duration::from_secs(30));
    }
    config
}

/// The same settings for one of the hosts alone. Of several, only one that takes writes is of use.
fn only(all: &Config, place: usize) -> Config {
    let mut one = Config::new();
    match all.get_hosts().get(place) {
        Some(Host::Tcp(host)) => drop(one.host(host)),
        #[cfg(unix)]
        Some(Host::Unix(folder)) => drop(one.host_path(folder)),
        None => {}
    }
    if let Some(address) = all.get_hostaddrs().get(place) {
        one.hostaddr(*address);
    }
    if let Some(port) = all.get_ports().get(place).or(all.get_ports().first()) {
        one.port(*port);
    }
    if let Some(user) = all.get_user() {
        one.user(user);
    }
    if let Some(database) = all.get_dbname() {
        one.dbname(database);
    }
    if let Some(options) = all.get_options() {
        one.options(options);
    }
    if let Some(name) = all.get_application_name() {
        one.application_name(name);
    }
    if let Some(password) = all.get_password() {
        one.password(password);
    }
    if let Some(limit) = all.get_connect_timeout() {
        one.connect_timeout(*limit);
    }
    if let Some(limit) = all.get_tcp_user_timeout() {
        one.tcp_user_timeout(*limit);
    }
    one.keepalives(all.get_keepalives()).keepalives_idle(all.get_keepalives_idle());
    if let Some(interval) = all.get_keepalives_interval() {
        one.keepalives_interval(interval);
    }
    if let Some(retries) = all.get_keepalives_retries() {
        one.keepalives_retries(retries);
    }
    one.ssl_mode(all.get_ssl_mode()).ssl_negotiation(all.get_ssl_negotiation());
    one.channel_binding(all.get_channel_binding()).load_balance_hosts(all.get_load_balance_hosts());
    let several = all.get_hosts().len().max(all.get_hostaddrs().len()) > 1;
    one.target_session_attrs(if several { TargetSessionAttrs::ReadWrite } else { all.get_target_session_attrs() });
    one
}

/// The driver's error says only that there is no connection; its source says why. Neither shows the password.
fn reason(error: &tokio_postgres::Error) -> String {
    error.source().map_or_else(|| error.to_string(), |source| format!("{error}: {source}"))
}

fn name(config: &Config) -> String {
    let host = match config.get_hosts().first() {
        Some(Host::Tcp(host)) => host.clone(),
        #[cfg(unix)]
        Some(Host::Unix(folder)) => folder.display().to_string(),
        None => config.get_hostaddrs().first().map(ToString::to_string).unwrap_or_default(),
    };
    config.get_ports().first().map_or_else(|| host.clone(), |port| format!("{host}:{port}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn servers(url: &str) -> Servers {
        let url: crate::DatabaseUrl = url.parse().unwrap();
        let crate::url::Target::Postgres(address) = url.target() else { panic!("it is PostgreSQL") };
        Servers::new(address).unwrap()
    }

    #[test]
    fn each_host_keeps_its_port_and_all_that_is_said_of_all() {
        let servers = servers(
            "postgres://ann:pw@one:1,two:2/jeton?application_name=a&options=-c%20x%3D1&connect_timeout=3&keepalives=0\
             &keepalives_idle=7&tcp_user_timeout=9&sslmode=disable&channel_binding=disable",
        );
        for (one, (host, port)) in servers.each.iter().zip([("one", 1), ("two", 2)]) {
            let alone = format!(
                "postgres://ann:pw@{host}:{port}/jeton?application_name=a&options=-c%20x%3D1&connect_timeout=3\
                 &keepalives=0&keepalives_idle=7&tcp_user_timeout=9&sslmode=disable&channel_binding=disable\
                 &target_session_attrs=read-write"
            );
            assert_eq!(*one, alone.parse().unwrap());
        }
        assert_eq!(servers.each.len(), 2);
    }

    #[test]
    fn one_host_alone_is_not_asked_whether_it_takes_writes() {
        let one = &servers("postgres://one/jeton").each[0];
        assert_eq!(one.get_target_session_attrs(), TargetSessionAttrs::Any);
    }

    #[tokio::test]
    async fn a_host_that_is_silent_does_not_keep_the_next_from_being_asked() {
        let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("postgres://127.0.0.1:{},127.0.0.1:1/jeton", silent.local_addr().unwrap().port());
        let error = servers(&url).connect(Duration::from_millis(400)).await.err().unwrap();
        assert!(error.contains("no connection within 180 ms; 127.0.0.1:1: ") && error.contains("refused"), "{error}");
    }
}
