//! The listener for operators: metrics and health, apart from what the public reaches.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use api_axum::health_router;
use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::routing::get;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::net::TcpListener;
use tokio::task::AbortHandle;
use tokio::time::sleep;

use super::recorder;
use super::sample::{Connections, Sample};
use crate::config::{HttpLimits, MetricsListen};
use crate::failure::{Doing as _, Failure};
use crate::listener;

/// How often what was recorded is folded together, so that it does not pile up while nobody asks.
const FOLD_EVERY: Duration = Duration::from_secs(5);
/// Connections at once: a few collectors, and somebody who looks.
const MOST_CONNECTIONS: usize = 64;

/// The listener, bound and not served yet.
pub(crate) struct Management {
    listener: TcpListener,
    handle: PrometheusHandle,
}

/// The listener while it serves; it ends when this is dropped.
pub(crate) struct Serving([AbortHandle; 2]);

impl Drop for Serving {
    fn drop(&mut self) {
        self.0.iter().for_each(AbortHandle::abort);
    }
}

impl Management {
    /// Binds the listener and begins to record; `None` where there is to be none.
    pub(crate) async fn bind(listen: MetricsListen) -> Result<Option<Self>, Failure> {
        let address = match listen {
            MetricsListen::Off => return Ok(None),
            MetricsListen::Usual(address) | MetricsListen::At(address) => address,
        };
        let listener = match (TcpListener::bind(address).await, listen) {
            (Ok(listener), _) => listener,
            (Err(error), MetricsListen::Usual(_)) if error.kind() == io::ErrorKind::AddrInUse => {
                tracing::warn!(%address, "no metrics: another program listens there; set metrics.listen to serve them elsewhere");
                return Ok(None);
            }
            (Err(error), _) => return Err(error).doing(&format!("listen on {address} for metrics")),
        };
        let handle = recorder::install().doing("begin to record metrics")?;
        Ok(Some(Self { listener, handle }))
    }

    /// Serves until what comes back is dropped.
    pub(crate) fn serve(self, sample: Sample, limits: HttpLimits) -> Result<Serving, Failure> {
        let Self { listener, handle } = self;
        let address: SocketAddr = listener.local_addr().doing("learn the address for metrics")?;
        let limits = HttpLimits { max_connections: MOST_CONNECTIONS, ..limits };
        let router = router(sample, handle.clone());
        let never = std::future::pending;
        let connections = Connections::up_to(MOST_CONNECTIONS);
        let serving = tokio::spawn(async move {
            let _ = listener::serve(listener, router, limits, connections, never(), never()).await;
        });
        let folding = tokio::spawn(async move {
            loop {
                sleep(FOLD_EVERY).await;
                handle.run_upkeep();
            }
        });
        tracing::info!(%address, "metrics are served at /metrics");
        Ok(Serving([serving.abort_handle(), folding.abort_handle()]))
    }
}

fn router(sample: Sample, handle: PrometheusHandle) -> Router {
    let health = health_router(sample.state.clone());
    let sample = Arc::new(sample);
    let render = move || {
        let (sample, handle) = (Arc::clone(&sample), handle.clone());
        async move {
            sample.take();
            ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], handle.render())
        }
    };
    Router::new().route("/metrics", get(render)).merge(health)
}
