//! A way to PostgreSQL on which every notification gets lost, and nothing else does.

use std::io;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_postgres::config::Host;

/// `NotificationResponse` of PostgreSQL's protocol, version 3.
const NOTIFICATION: u8 = b'A';

/// Dropping it ends it.
pub(super) struct DeafWay {
    /// The database, by this way.
    pub(super) url: String,
    _tasks: JoinSet<()>,
}

impl DeafWay {
    /// A way to the database of this URL.
    pub(super) async fn to(url: &str) -> Self {
        let config: tokio_postgres::Config = url.parse().unwrap();
        let host = match config.get_hosts() {
            [Host::Tcp(host)] => host.clone(),
            other => panic!("the test's server is reached by TCP, and not as {other:?}"),
        };
        let port = config.get_ports().first().copied().unwrap_or(5432);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let here = listener.local_addr().unwrap();
        let mut parsed = reqwest::Url::parse(url).unwrap();
        parsed.set_ip_host(here.ip()).unwrap();
        parsed.set_port(Some(here.port())).unwrap();
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let (near, _) = listener.accept().await.unwrap();
                let far = TcpStream::connect((host.as_str(), port)).await.unwrap();
                // A message that waits for others to go with it would change the figures.
                near.set_nodelay(true).unwrap();
                far.set_nodelay(true).unwrap();
                let ((near_read, near_write), (far_read, far_write)) = (near.into_split(), far.into_split());
                connections.spawn(async move {
                    // Whichever ends first ends the other.
                    tokio::select! {
                        _ = forward(near_read, far_write) => {}
                        _ = forward_without_notifications(far_read, near_write) => {}
                    }
                });
            }
        });
        Self { url: parsed.to_string(), _tasks: tasks }
    }
}

async fn forward(mut from: OwnedReadHalf, mut to: OwnedWriteHalf) -> io::Result<u64> {
    copy(&mut from, &mut to).await
}

/// Each message of the server is a type, a length that counts itself, and the rest.
async fn forward_without_notifications(mut from: OwnedReadHalf, mut to: OwnedWriteHalf) -> io::Result<()> {
    loop {
        let (kind, length) = (from.read_u8().await?, from.read_u32().await?);
        let mut rest = vec![0; usize::try_from(length).unwrap() - 4];
        from.read_exact(&mut rest).await?;
        if kind != NOTIFICATION {
            let message = [&[kind][..], &length.to_be_bytes(), &rest].concat();
            to.write_all(&message).await?;
        }
    }
}
