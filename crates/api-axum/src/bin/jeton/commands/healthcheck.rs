//! `jeton healthcheck`: asks a running server whether it is ready.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::print;
use crate::config::Config;
use crate::failure::{Doing as _, Failure};

const PATIENCE: Duration = Duration::from_secs(5);

pub(super) async fn run(config: Config) -> Result<(), Failure> {
    let address = reachable(config.listen);
    let what = format!("get an answer from http://{address}/readyz");
    let status = timeout(PATIENCE, ask(address)).await.doing(&what)?.doing(&what)?;
    if status == StatusCode::OK {
        return print("The server is ready.\n");
    }
    Err(Failure::new(format!("the server at http://{address} is not ready: it answered {status}")))
}

/// Asks `GET /readyz` and answers its status.
pub(super) async fn ask(address: SocketAddr) -> Result<StatusCode, Box<dyn std::error::Error + Send + Sync>> {
    let stream = TcpStream::connect(address).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let request = Request::get("/readyz").header(header::HOST, address.to_string()).body(Body::empty())?;
    tokio::select! {
        answer = sender.send_request(request) => Ok(answer?.status()),
        ended = connection => Err(ended.err().map_or_else(|| "the connection was closed".into(), Into::into)),
    }
}

/// An address that means every interface is reached by the loopback one.
pub(super) fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}
