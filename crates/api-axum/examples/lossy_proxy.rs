//! A bad network to test a client of yours: it stands before Jeton, loses answers, and delivers requests twice.
//!
//! ```text
//! JETON_REFRESH__RETRY_WINDOW=0s jeton serve     # strict: nothing but its Idempotency-Keys saves a client
//! cargo run --example lossy_proxy -- --upstream http://127.0.0.1:8080
//! ```
//!
//! It prints its address, and one line of JSON with what it did when its standard input ends. It never loses what a client may not
//! lose: only requests to `--path` have bad luck.

use std::convert::Infallible;
use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use auth_domain::ports::random;
use auth_domain::testing::SeededEntropy;
use axum::body::{Body, Bytes};
use axum::http::header::{CONNECTION, CONTENT_LENGTH, HOST, TRANSFER_ENCODING};
use axum::http::{HeaderMap, Method, Request, Response, StatusCode};
use clap::Parser;
use http_body_util::BodyExt as _;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use serde::Serialize;
use tokio::net::{TcpListener, TcpStream};

type Failure = Box<dyn Error + Send + Sync>;

/// Loses answers, and delivers requests twice.
#[derive(Parser)]
#[command(name = "lossy_proxy")]
struct Settings {
    /// Where Jeton is.
    #[arg(long)]
    upstream: String,
    /// Where to listen.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// The path of the requests that have bad luck; all others are handed on.
    #[arg(long, default_value = "/v1/refresh")]
    path: String,
    /// Of a hundred answers so many are lost after the server has done its work.
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u64).range(..=100))]
    lose_answers: u64,
    /// Of a hundred requests so many never reach the server.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(..=100))]
    lose_requests: u64,
    /// Of a hundred requests so many reach the server twice.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(..=100))]
    repeat: u64,
    /// Where chance begins.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// What was done to requests to `--path`.
#[derive(Default, Serialize)]
struct Counts {
    requests: AtomicU64,
    /// The answers with status 200 that the server gave, copies included.
    refreshed: AtomicU64,
    /// Those with 401.
    refused: AtomicU64,
    /// Those with 5xx.
    failed: AtomicU64,
    requests_lost: AtomicU64,
    repeated: AtomicU64,
    /// The connection was cut instead of an answer.
    answers_cut: AtomicU64,
    /// The connection was cut within the answer.
    answers_truncated: AtomicU64,
    /// The answer was another one, of no form that Jeton has: 502 and HTML.
    answers_replaced: AtomicU64,
    /// Nothing came, for as long as the client waited.
    answers_withheld: AtomicU64,
}

fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

/// What becomes of a request.
#[derive(Clone, Copy, Default)]
struct Fate {
    is_lost: bool,
    is_repeated: bool,
    answer: Luck,
}

/// What becomes of an answer.
#[derive(Clone, Copy, Default)]
enum Luck {
    #[default]
    Arrives,
    Cut,
    Truncated,
    Replaced,
    Withheld,
}

struct Network {
    settings: Settings,
    http: reqwest::Client,
    dice: Mutex<SeededEntropy>,
    counts: Counts,
}

/// An answer of the server, whole.
struct Answered {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Network {
    fn new(settings: Settings) -> Result<Self, Failure> {
        // An answer that is lost must be lost here, not repeated by a library.
        let http = reqwest::Client::builder().no_proxy().pool_max_idle_per_host(32).build()?;
        let dice = Mutex::new(SeededEntropy::new(settings.seed));
        Ok(Self { settings, http, dice, counts: Counts::default() })
    }

    /// Throws all dice of a request at once, so that one request moves no other's.
    fn fate(&self, path: &str) -> Result<Fate, Failure> {
        if path != self.settings.path {
            return Ok(Fate::default());
        }
        let dice = self.dice.lock().unwrap_or_else(PoisonError::into_inner);
        let mut thrown = [0_u64; 4];
        for die in &mut thrown {
            *die = u64::from_be_bytes(random(&*dice)?) % 100;
        }
        let [request, copy, answer, way] = thrown;
        Ok(Fate {
            is_lost: request < self.settings.lose_requests,
            is_repeated: copy < self.settings.repeat,
            answer: match way {
                _ if answer >= self.settings.lose_answers => Luck::Arrives,
                0..60 => Luck::Cut,
                60..80 => Luck::Truncated,
                80..96 => Luck::Replaced,
                _ => Luck::Withheld,
            },
        })
    }

    /// An error cuts the connection, which is what the client sees of most losses.
    async fn pass(&self, request: Request<hyper::body::Incoming>) -> Result<Response<Body>, Failure> {
        let (head, body) = request.into_parts();
        let fate = self.fate(head.uri.path())?;
        let is_watched = head.uri.path() == self.settings.path;
        let body = body.collect().await?.to_bytes();
        if is_watched {
            count(&self.counts.requests);
        }
        if fate.is_lost {
            count(&self.counts.requests_lost);
            return Err("the request is lost".into());
        }
        let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
        let ask = || self.forward(&head.method, path, &head.headers, body.clone());
        let answered = if fate.is_repeated {
            count(&self.counts.repeated);
            // Both run at once, and the client gets the one that comes last.
            let (_, last) = tokio::join!(ask(), async {
                tokio::task::yield_now().await;
                ask().await
            });
            last?
        } else {
            ask().await?
        };
        self.hand_over(answered, fate.answer).await
    }

    async fn forward(
        &self,
        method: &Method,
        path: &str,
        headers: &HeaderMap,
        body: Bytes,
    ) -> Result<Answered, Failure> {
        let mut headers = headers.clone();
        for hop in [CONNECTION, CONTENT_LENGTH, HOST, TRANSFER_ENCODING] {
            headers.remove(hop);
        }
        let url = format!("{}{path}", self.settings.upstream);
        let answer = self.http.request(method.clone(), url).headers(headers).body(body).send().await?;
        let (status, mut headers) = (answer.status(), answer.headers().clone());
        for hop in [CONNECTION, TRANSFER_ENCODING] {
            headers.remove(hop);
        }
        if path.split('?').next() == Some(&self.settings.path) {
            match status.as_u16() {
                200 => count(&self.counts.refreshed),
                401 => count(&self.counts.refused),
                500.. => count(&self.counts.failed),
                _ => {}
            }
        }
        Ok(Answered { status, headers, body: answer.bytes().await? })
    }

    async fn hand_over(&self, answered: Answered, luck: Luck) -> Result<Response<Body>, Failure> {
        let Answered { status, headers, body } = answered;
        let respond = |status, body| {
            let mut response = Response::new(body);
            *response.status_mut() = status;
            response
        };
        match luck {
            Luck::Arrives => {
                let mut response = respond(status, Body::from(body));
                *response.headers_mut() = headers;
                Ok(response)
            }
            Luck::Cut => {
                count(&self.counts.answers_cut);
                Err("the answer is lost".into())
            }
            Luck::Truncated => {
                count(&self.counts.answers_truncated);
                let half = body.slice(..body.len() / 2);
                let torn = Err(io::Error::new(io::ErrorKind::ConnectionReset, "the rest is lost"));
                let parts = futures_util::stream::iter([Ok(half), torn]);
                // With its length the client knows that something is missing.
                let mut response = respond(status, Body::from_stream(parts));
                *response.headers_mut() = headers;
                response.headers_mut().insert(CONTENT_LENGTH, body.len().into());
                Ok(response)
            }
            Luck::Replaced => {
                count(&self.counts.answers_replaced);
                Ok(respond(StatusCode::BAD_GATEWAY, Body::from("<html>Bad gateway</html>")))
            }
            Luck::Withheld => {
                count(&self.counts.answers_withheld);
                // Ends when the client hangs up, which drops this.
                tokio::time::sleep(Duration::from_secs(300)).await;
                Err("the answer is lost".into())
            }
        }
    }
}

async fn serve(listener: TcpListener, network: Arc<Network>) -> Result<Infallible, io::Error> {
    loop {
        let (stream, _) = listener.accept().await?;
        tokio::spawn(connection(stream, Arc::clone(&network)));
    }
}

async fn connection(stream: TcpStream, network: Arc<Network>) {
    let service = service_fn(move |request| {
        let network = Arc::clone(&network);
        async move { network.pass(request).await.map_err(io::Error::other) }
    });
    let mut builder = hyper::server::conn::http1::Builder::new();
    // That it ends with an error is what it is for.
    let _ = builder.timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), service).await;
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let settings = Settings::parse();
    let listener = TcpListener::bind(settings.listen).await?;
    println!("http://{}", listener.local_addr()?);
    let network = Arc::new(Network::new(settings)?);
    let input = tokio::task::spawn_blocking(|| io::copy(&mut io::stdin(), &mut io::sink()));
    tokio::select! {
        failed = serve(listener, Arc::clone(&network)) => match failed? {},
        ended = input => { ended??; }
    }
    println!("{}", serde_json::to_string(&network.counts)?);
    Ok(())
}
