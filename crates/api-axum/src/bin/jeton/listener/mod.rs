//! The listener: HTTP/1.1 over TCP, with a cap on connections, a deadline for whoever is slow, and an end that finishes
//! what is in flight.

mod descriptors;
mod timely_body;

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};
use tokio_io_timeout::TimeoutWriter;
use tower::ServiceExt as _;

pub(crate) use self::descriptors::within_open_files;
use self::timely_body::TimelyBody;
use crate::config::HttpLimits;
use crate::operations::Connections;

/// The most bytes of a request's head.
const MOST_HEAD_BYTES: usize = 32 * 1024;
/// How long to wait when no connection could be accepted, for lack of file descriptors mostly.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// How the end went.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Drained {
    /// Every request in flight was finished.
    All,
    /// The deadline came first, or a second signal.
    CutOff,
}

/// Serves until `stop` completes, then finishes what is in flight. `hurry` ends that early.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    limits: HttpLimits,
    connections: Connections,
    stop: impl Future<Output = ()>,
    hurry: impl Future<Output = ()>,
) -> Drained {
    let graceful = GracefulShutdown::new();
    let room = Arc::new(Semaphore::new(limits.max_connections));
    let mut stop = pin!(stop);
    loop {
        let accepted = tokio::select! {
            biased;
            () = &mut stop => break,
            accepted = accept(&listener, &room) => accepted,
        };
        let Some((stream, peer, permit)) = accepted else { break };
        let open = connections.open();
        let connection = graceful.watch(connection(stream, peer, router.clone(), limits));
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                // The peer went away, was too slow, or did not speak HTTP: its own affair.
                tracing::debug!(%peer, %error, "a connection ended early");
            }
            drop((permit, open));
        });
    }
    drop(listener);
    tracing::info!("no longer accepting connections; finishing the requests in flight");
    tokio::select! {
        drained = timeout(limits.shutdown_timeout, graceful.shutdown()) => {
            if drained.is_ok() { Drained::All } else { Drained::CutOff }
        }
        () = hurry => Drained::CutOff,
    }
}

/// Waits for room first, so that a connection beyond the cap stays in the system's queue. `None` never happens, since the
/// semaphore is never closed.
async fn accept(
    listener: &TcpListener,
    room: &Arc<Semaphore>,
) -> Option<(TcpStream, SocketAddr, tokio::sync::OwnedSemaphorePermit)> {
    let permit = Arc::clone(room).acquire_owned().await.ok()?;
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => return Some((stream, peer, permit)),
            Err(error) if is_the_peers(&error) => {}
            Err(error) => {
                tracing::warn!(%error, "no connection can be accepted at the moment");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// Whether the error is one connection's and not the listener's.
fn is_the_peers(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    limits: HttpLimits,
) -> impl hyper_util::server::graceful::GracefulConnection<Error = hyper::Error> {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%peer, %error, "TCP_NODELAY is not to be had");
    }
    // Reading a head and a body is bounded below, the whole request by the router, and writing by this.
    let mut stream = TimeoutWriter::new(stream);
    stream.set_timeout(Some(limits.header_timeout));
    let service = service_fn(move |request: Request<Incoming>| {
        let router = router.clone();
        async move {
            let mut request = request.map(|body| Body::new(TimelyBody::new(body, limits.request_timeout)));
            request.extensions_mut().insert(ConnectInfo(peer));
            router.oneshot(request).await.map_err(|never: Infallible| never)
        }
    });
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_timeout)
        .max_header_size(MOST_HEAD_BYTES)
        .serve_connection(TokioIo::new(Box::pin(stream)), service)
}
