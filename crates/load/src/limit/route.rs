//! A bare axum route that answers the bytes that `/v1/me` answered, in a process of its own, as the server is.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::routing::get;
use axum::serve::ListenerExt as _;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::http::Answer;
use crate::outcome::{Outcome, While as _};

/// The process; dropping it kills it.
pub(crate) struct BareRoute {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl BareRoute {
    /// Starts this program again to serve the answer, header by header and byte by byte.
    pub(crate) fn start(answer: &Answer, folder: &Path) -> Outcome<Self> {
        let path = folder.join("answer.json");
        // Both servers write these two by themselves.
        let own = |name: &HeaderName| name != "date" && name != "content-length";
        let headers = answer.headers.iter().filter(|(name, _)| own(name));
        let headers: Vec<_> = headers.map(|(name, value)| json!([name.as_str(), value.to_str().ok()])).collect();
        let kept = json!({"headers": headers, "body": String::from_utf8_lossy(&answer.body)});
        std::fs::write(&path, kept.to_string()).doing("keep the answer of /v1/me")?;
        let mut child = Command::new(std::env::current_exe()?)
            .arg("bare-route")
            .arg(&path)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .doing("start the bare route")?;
        let mut line = String::new();
        if let Some(stdout) = child.stdout.take() {
            BufReader::new(stdout).read_line(&mut line)?;
        }
        let address = line.trim().parse().doing("read the address of the bare route");
        let mut route = Self { child, address: ([127, 0, 0, 1], 0).into() };
        route.address = address?;
        Ok(route)
    }
}

impl Drop for BareRoute {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Serves the answer in the file until the process is killed. Says its address on standard output.
pub(crate) async fn serve(path: &Path) -> Outcome<()> {
    let kept: Value = serde_json::from_slice(&std::fs::read(path)?)?;
    let body = Bytes::from(kept.get("body").and_then(Value::as_str).ok_or("no body")?.to_owned());
    let mut headers = HeaderMap::new();
    for pair in kept.get("headers").and_then(Value::as_array).ok_or("no headers")? {
        let part = |n: usize| pair.get(n).and_then(Value::as_str).ok_or("no header");
        headers.append(HeaderName::try_from(part(0)?)?, HeaderValue::try_from(part(1)?)?);
    }
    let app = Router::new().route("/v1/me", get(move || std::future::ready((headers.clone(), body.clone()))));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?);
    let listener = listener.tap_io(|stream| {
        // Without it answers may wait for an acknowledgement; the server sets it too.
        let _ = stream.set_nodelay(true);
    });
    axum::serve(listener, app).await?;
    Ok(())
}
