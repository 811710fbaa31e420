//! PostgreSQL in a Docker container, through testcontainers.

use std::io::{Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::thread::JoinHandle;
use std::time::Duration;

use testcontainers::runners::AsyncRunner;
use testcontainers::{ContainerAsync, ImageExt};
use testcontainers_modules::postgres::Postgres;
use tokio::sync::oneshot;

use super::admin;

/// Names the image as `name:tag`, for machines whose engine reaches no registry.
const IMAGE_SETTING: &str = "JETON_TEST_POSTGRES_IMAGE";
const DEFAULT_IMAGE: &str = "postgres:17-alpine";
/// A missing engine must not slow a run down: a connection to a local one takes microseconds.
const CONNECT_DEADLINE: Duration = Duration::from_millis(90);
const PING_DEADLINE: Duration = Duration::from_secs(3);

/// Ends the server when the session that ran it is over: the owner holds that session, so it dies with him.
/// Runs inside the container, as a child of the session's backend, in the data folder.
const LEASE: &str = r"COPY (SELECT 1) TO PROGRAM 'backend=$PPID; (
    while kill -0 $backend; do sleep 1; done
    read -r postmaster <postmaster.pid && kill -INT $postmaster
) </dev/null >/dev/null 2>&1 & cat >/dev/null'";

/// A running container. Dropping it removes the container.
pub(super) struct Container {
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// The image as `name:tag`.
pub(super) fn image() -> String {
    std::env::var(IMAGE_SETTING).ok().filter(|image| !image.is_empty()).unwrap_or_else(|| DEFAULT_IMAGE.to_owned())
}

/// Starts a container of `image`. `durable` leaves fsync on.
///
/// The container is kept by a thread with a runtime of its own: a test's runtime ends with the test.
pub(super) async fn start(image: &str, durable: bool) -> Result<(Container, String), String> {
    let (started_tx, started_rx) = oneshot::channel();
    let (stop_tx, stop_rx) = oneshot::channel();
    let image = image.to_owned();
    let thread = std::thread::Builder::new()
        .name("postgres container".to_owned())
        .spawn(move || keep(&image, durable, started_tx, stop_rx))
        .map_err(|error| format!("no thread for the container: {error}"))?;
    let container = Container { stop: Some(stop_tx), thread: Some(thread) };
    let url = started_rx.await.map_err(|_| "the container's thread ended".to_owned())??;
    Ok((container, url))
}

fn keep(image: &str, durable: bool, started: oneshot::Sender<Result<String, String>>, stop: oneshot::Receiver<()>) {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return drop(started.send(Err(format!("no runtime for the container: {error}")))),
    };
    runtime.block_on(async {
        let (container, url, lease) = match run(image, durable).await {
            Ok(running) => running,
            Err(error) => return drop(started.send(Err(error))),
        };
        if started.send(Ok(url)).is_ok() {
            // Ends when the owner says so, or is dropped.
            let _ = stop.await;
        }
        drop(lease);
        let _ = container.rm().await;
    });
}

async fn run(image: &str, durable: bool) -> Result<(ContainerAsync<Postgres>, String, tokio_postgres::Client), String> {
    let (name, tag) = image.rsplit_once(':').unwrap_or((image, "latest"));
    let mut settings = vec!["-c", "max_connections=300"];
    if !durable {
        settings.extend(["-c", "fsync=off", "-c", "full_page_writes=off"]);
    }
    let container = Postgres::default()
        .with_name(name)
        .with_tag(tag)
        .with_cmd(settings)
        .with_host_config_modifier(|config| config.auto_remove = Some(true))
        .start()
        .await
        .map_err(|error| format!("the image {image} does not start: {error}"))?;
    let host = container.get_host().await.map_err(|error| error.to_string())?.to_string();
    let port = container.get_host_port_ipv4(5432).await.map_err(|error| error.to_string())?;
    // The published port is an IPv4 one.
    let host = if host == "localhost" { "127.0.0.1".to_owned() } else { host };
    let url = format!("postgres://postgres:postgres@{host}:{port}/postgres");
    let lease = admin::connect(&url, "the lease on the container").await.map_err(|error| error.to_string())?;
    lease
        .batch_execute(&format!("SET application_name = 'lease'; {LEASE}"))
        .await
        .map_err(|error| format!("the image {image} refuses the lease that ends it with its owner: {error}"))?;
    Ok((container, url, lease))
}

impl Drop for Container {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // The thread has nothing to say; joining makes sure that the container is gone.
            let _ = thread.join();
        }
    }
}

/// Whether an engine answers where testcontainers will look for one; the error says where none did.
pub(super) fn engine() -> Result<(), String> {
    let host = std::env::var("DOCKER_HOST").ok().filter(|host| !host.is_empty());
    let place = host.unwrap_or_else(|| format!("unix://{}", default_socket().display()));
    let answer = match place.split_once("://") {
        Some(("unix", path)) => UnixStream::connect(path).and_then(|stream| {
            stream.set_read_timeout(Some(PING_DEADLINE))?;
            ping(stream)
        }),
        Some(("tcp" | "http", address)) => reach(address).and_then(|stream| {
            stream.set_read_timeout(Some(PING_DEADLINE))?;
            // An engine behind TLS is left to testcontainers, which holds the certificates.
            if std::env::var_os("DOCKER_TLS_VERIFY").is_some() { Ok(()) } else { ping(stream) }
        }),
        _ => return Err(format!("DOCKER_HOST is `{place}`: only unix:// and tcp:// are known here")),
    };
    answer.map_err(|error| format!("no Docker engine answers at {place} ({error})"))
}

fn default_socket() -> PathBuf {
    let below = |variable: &str, path: &str| std::env::var_os(variable).map(|folder| Path::new(&folder).join(path));
    let standard = PathBuf::from("/var/run/docker.sock");
    let rootless = [
        below("XDG_RUNTIME_DIR", ".docker/run/docker.sock"),
        below("HOME", ".docker/run/docker.sock"),
        below("HOME", ".docker/desktop/docker.sock"),
    ];
    if standard.exists() {
        return standard;
    }
    rootless.into_iter().flatten().find(|path| path.exists()).unwrap_or(standard)
}

fn reach(address: &str) -> std::io::Result<TcpStream> {
    let address = address.trim_end_matches('/');
    let target = address.to_socket_addrs()?.next().ok_or(std::io::ErrorKind::NotFound)?;
    TcpStream::connect_timeout(&target, CONNECT_DEADLINE)
}

fn ping(mut stream: impl Read + Write) -> std::io::Result<()> {
    stream.write_all(b"GET /_ping HTTP/1.1\r\nHost: docker\r\nConnection: close\r\n\r\n")?;
    let mut status = [0; 12];
    stream.read_exact(&mut status)?;
    if status.ends_with(b" 200") { Ok(()) } else { Err(std::io::ErrorKind::InvalidData.into()) }
}
