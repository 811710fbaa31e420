//! A wire between the pool and the server that writes down what the client sends.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// What a client sent: the message's type, and the SQL of a `Parse` or `Query`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sent {
    pub(super) kind: char,
    pub(super) sql: Option<String>,
}

/// Listens on a port of its own and passes everything on.
pub(super) struct Proxy {
    port: u16,
    sent: Arc<Mutex<Vec<Sent>>>,
}

impl Proxy {
    pub(super) fn to(server: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let sent = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&sent);
        thread::spawn(move || {
            for client in listener.incoming() {
                let (client, server) = (client.unwrap(), TcpStream::connect(&server).unwrap());
                for stream in [&client, &server] {
                    stream.set_nodelay(true).unwrap();
                }
                let (from_server, to_client) = (server.try_clone().unwrap(), client.try_clone().unwrap());
                thread::spawn(move || pass_on(from_server, to_client, |_| ()));
                let mut reader = Messages::default();
                let log = Arc::clone(&log);
                thread::spawn(move || pass_on(client, server, |bytes| reader.read(bytes, &mut log.lock().unwrap())));
            }
        });
        Self { port, sent }
    }

    /// The server's address with this proxy's place in it.
    pub(super) fn in_front_of(url: &str) -> (Self, String) {
        let config: tokio_postgres::Config = url.parse().unwrap();
        let [tokio_postgres::config::Host::Tcp(host)] = config.get_hosts() else {
            panic!("the test server has to be reachable by TCP")
        };
        let port = config.get_ports().first().copied().unwrap_or(5432);
        let proxy = Self::to(format!("{host}:{port}"));
        let (before, after) = url.rsplit_once('@').unwrap();
        let (_, database) = after.split_once('/').unwrap();
        let url = format!("{before}@127.0.0.1:{}/{database}", proxy.port);
        (proxy, url)
    }

    /// What was sent since the last call.
    pub(super) fn take(&self) -> Vec<Sent> {
        std::mem::take(&mut self.sent.lock().unwrap())
    }
}

fn pass_on(mut from: TcpStream, mut to: TcpStream, mut seen: impl FnMut(&[u8])) {
    let mut buffer = [0; 16_384];
    while let Ok(count) = from.read(&mut buffer) {
        let Some(bytes) = buffer.get(..count).filter(|bytes| !bytes.is_empty()) else { break };
        seen(bytes);
        if to.write_all(bytes).is_err() {
            break;
        }
    }
    let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
}

/// Cuts the stream of a client into its messages. The first one has no type.
#[derive(Default)]
struct Messages {
    buffer: Vec<u8>,
    started: bool,
}

impl Messages {
    fn read(&mut self, bytes: &[u8], log: &mut Vec<Sent>) {
        self.buffer.extend_from_slice(bytes);
        loop {
            let header = usize::from(self.started);
            let Some(length) = self.buffer.get(header..header + 4) else { return };
            let end = header + usize::try_from(u32::from_be_bytes(length.try_into().unwrap())).unwrap();
            if self.buffer.len() < end {
                return;
            }
            let message: Vec<u8> = self.buffer.drain(..end).collect();
            if self.started {
                log.push(sent(&message));
            }
            self.started = true;
        }
    }
}

fn sent(message: &[u8]) -> Sent {
    let (kind, body) = message.split_first().unwrap();
    let mut texts =
        body.get(4..).unwrap().split(|byte| *byte == 0).map(|text| String::from_utf8_lossy(text).into_owned());
    let sql = match kind {
        b'Q' => texts.next(),
        b'P' => texts.nth(1),
        _ => None,
    };
    Sent { kind: char::from(*kind), sql }
}
