//! `jeton serve`: the server, from start to a clean end.

use std::net::SocketAddr;
use std::sync::Arc;

use api_axum::Operations;
use reqwest::Url;
use store_diesel::Database;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use super::print;
use crate::config::{Config, HttpLimits};
use crate::failure::{Doing as _, Failure};
use crate::listener::{self, Drained};
use crate::logging;
use crate::loopback::is_loopback;
use crate::operations::{Connections, Management, PartTimes, Sample, Traces, Watch};
use crate::wiring::{Service, open_database_as};

pub(super) async fn run(config: Config) -> Result<(), Failure> {
    let traces = Traces::start(&config.traces)?;
    let part_times = config.http.server_timing.then(PartTimes::default);
    logging::start(config.log, traces.as_ref().map(Traces::tracer), part_times.clone())?;
    let signals = Signals::new()?;
    // Before all else, so that a second server on the same address fails at once and touches nothing.
    let listener = TcpListener::bind(config.listen).await.doing(&format!("listen on {}", config.listen))?;
    let address = listener.local_addr().doing("learn the address")?;
    let management = Management::bind(config.metrics).await?;

    let max_connections = listener::within_open_files(config.http.max_connections);
    let limits = HttpLimits { max_connections, ..config.http };
    let connections = Connections::up_to(max_connections);
    let watch = Watch { traced: traces.is_some(), part_times };
    let is_watched = watch.traced || watch.part_times.is_some();
    let operations = Operations { watch: is_watched.then(|| Arc::new(watch) as _) };
    let (database, service) = tokio::select! {
        started = start(&config, address, operations) => started?,
        () = signals.count(1) => return Ok(()),
    };
    let database = Arc::new(database);
    let Service { router, state, background, keeper, .. } = service;
    let auth = Arc::clone(&background.auth);
    let sample = Sample { auth, state, database: Arc::clone(&database), connections: connections.clone() };
    let managed = management.map(|management| management.serve(sample, limits)).transpose()?;
    // A server whose standard output is closed serves all the same.
    if let Err(error) = print(&format!("jeton is ready at http://{address}\n")) {
        tracing::debug!(%error, "nobody reads the standard output");
    }

    let serving = listener::serve(listener, router, limits, connections, signals.count(1), signals.count(2));
    let drained = tokio::select! {
        drained = serving => drained,
        never = background.run(signals.count(1)) => match never {},
    };
    if drained == Drained::CutOff {
        tracing::warn!("requests in flight were cut off");
    }
    keeper.stop().await;
    drop(managed);
    database.close().await;
    if let Some(traces) = traces {
        traces.stop().await;
    }
    tracing::info!("stopped");
    Ok(())
}

async fn start(config: &Config, address: SocketAddr, operations: Operations) -> Result<(Database, Service), Failure> {
    let issuer = config.issuer.clone().unwrap_or_else(|| format!("http://{address}"));
    warn_if_open(&issuer);
    let database = open_database_as(config, &server_name()).await?;
    let service = Service::start(config, &issuer, &database, operations).await?;
    tracing::info!(
        %address,
        issuer,
        audience = config.audience,
        database = %config.database_url,
        algorithm = %config.keys.algorithm,
        kid = service.kid,
        version = env!("CARGO_PKG_VERSION"),
        "ready"
    );
    Ok((database, service))
}

/// What PostgreSQL knows this server as, so that `jeton doctor` can tell servers and their versions apart.
fn server_name() -> String {
    let node = rustix::system::uname().nodename().to_string_lossy().into_owned();
    format!("jeton/{} {node}:{}", env!("CARGO_PKG_VERSION"), std::process::id())
}

/// Says so when tokens would travel in the clear over a network.
fn warn_if_open(issuer: &str) {
    let open = |url: &Url| url.scheme() == "http" && !url.host_str().is_some_and(is_loopback);
    if Url::parse(issuer).is_ok_and(|url| open(&url)) {
        tracing::warn!(
            issuer,
            "the issuer is not https: passwords and tokens travel in the clear, and browsers refuse its cookies; put a proxy \
             with TLS before the server and set JETON_ISSUER to its https address"
        );
    }
}

/// How often the server was told to stop: once to finish what it does, twice to leave at once.
struct Signals(watch::Receiver<usize>);

impl Signals {
    fn new() -> Result<Self, Failure> {
        let of = |kind| signal(kind).doing("listen for signals");
        let (mut terminate, mut interrupt) = (of(SignalKind::terminate())?, of(SignalKind::interrupt())?);
        let (told, heard) = watch::channel(0);
        tokio::spawn(async move {
            loop {
                tokio::select! {
                    _ = terminate.recv() => {}
                    _ = interrupt.recv() => {}
                }
                told.send_modify(|count| *count += 1);
            }
        });
        Ok(Self(heard))
    }

    /// Waits for the signal of that number.
    async fn count(&self, number: usize) {
        // The sender lives as long as the runtime, so the only outcome is that the count is reached.
        let _ = self.0.clone().wait_for(|count| *count >= number).await;
    }
}
