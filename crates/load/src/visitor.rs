//! A client of the server: what it holds, and what it sends next.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::rc::Rc;

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderValue};
use hyper::{Method, Request, StatusCode};

use crate::drive::Caller;
use crate::http::{Answer, Connection, member};
use crate::outcome::{Outcome, While as _};
use crate::seed::Tokens;

const PASSWORD: &str = "correct horse battery staple";
/// Of a thousand requests of the mixed load: so many logins, so many refreshes, and the rest asks `/v1/me`.
pub(crate) const MIXED: (u64, u64) = (2, 100);

/// What is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Load {
    Login,
    Refresh,
    Me,
    List,
    Mixed,
}

impl Load {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::Refresh => "refresh",
            Self::Me => "me",
            Self::List => "sessions",
            Self::Mixed => "mixed",
        }
    }
}

/// One client. It owns each `of`-th seeded session, so that no two of them refresh the same one.
pub(crate) struct Visitor {
    address: SocketAddr,
    host: HeaderValue,
    connection: Option<Connection>,
    load: Load,
    number: u64,
    of: u64,
    sessions: u64,
    tokens: Rc<Tokens>,
    /// The refresh tokens of the sessions that were refreshed.
    held: HashMap<u64, String>,
    /// Access tokens, used in turn.
    bearers: Vec<HeaderValue>,
    sent: u64,
    random: u64,
}

impl Visitor {
    /// As many visitors as there are to be, of a server with so many seeded sessions.
    pub(crate) fn several(count: u64, address: SocketAddr, sessions: u64, tokens: &Rc<Tokens>) -> Outcome<Vec<Self>> {
        let host = HeaderValue::try_from(address.to_string())?;
        let one = |number| Self {
            address,
            host: host.clone(),
            connection: None,
            load: Load::Refresh,
            number,
            of: count,
            sessions,
            tokens: Rc::clone(tokens),
            held: HashMap::new(),
            bearers: Vec::new(),
            sent: 0,
            random: 0x9e37_79b9_7f4a_7c15 ^ number.wrapping_mul(0x2545_f491_4f6c_dd1d),
        };
        Ok((0..count).map(one).collect())
    }

    /// What it sends from now on, and where to.
    pub(crate) fn turn_to(&mut self, load: Load, address: SocketAddr) {
        (self.load, self.address) = (load, address);
    }

    /// Registers an account and signs in to it.
    pub(crate) async fn register(&mut self) -> Outcome<()> {
        self.connect().await?;
        let body = format!(r#"{{"email":"{}","password":"{PASSWORD}"}}"#, self.email());
        let answer = self.send(Method::POST, "/v1/accounts", None, Bytes::from(body)).await?;
        expect(&answer, StatusCode::CREATED)?;
        let answer = self.login().await?;
        self.bearers = vec![bearer(member(&answer.body, "access_token")?)?];
        Ok(())
    }

    /// Takes access tokens of so many seeded sessions, for the load that lists sessions.
    pub(crate) async fn sign_in_seeded(&mut self, count: usize) -> Outcome<()> {
        self.connect().await?;
        self.bearers.clear();
        for _ in 0..count {
            let answer = self.refresh().await?;
            self.bearers.push(bearer(member(&answer.body, "access_token")?)?);
        }
        Ok(())
    }

    /// What `/v1/me` answers.
    pub(crate) async fn me(&mut self) -> Outcome<Answer> {
        self.authorized("/v1/me").await
    }

    fn email(&self) -> String {
        format!("visitor{}@example.com", self.number)
    }

    async fn login(&mut self) -> Outcome<Answer> {
        let body = format!(r#"{{"email":"{}","password":"{PASSWORD}"}}"#, self.email());
        let answer = self.send(Method::POST, "/v1/login", None, Bytes::from(body)).await?;
        expect(&answer, StatusCode::OK)?;
        Ok(answer)
    }

    async fn refresh(&mut self) -> Outcome<Answer> {
        let own = (self.sessions + self.of - 1 - self.number) / self.of;
        let n = self.random() % own.max(1) * self.of + self.number;
        let token = match self.held.get(&n) {
            Some(token) => token.clone(),
            None => self.tokens.first(n)?.expose().to_owned(),
        };
        let body = Bytes::from(format!(r#"{{"refresh_token":"{token}"}}"#));
        let answer = self.send(Method::POST, "/v1/refresh", None, body).await?;
        expect(&answer, StatusCode::OK)?;
        let successor = member(&answer.body, "refresh_token")?.to_owned();
        self.held.insert(n, successor);
        Ok(answer)
    }

    async fn authorized(&mut self, path: &'static str) -> Outcome<Answer> {
        let turn = usize::try_from(self.sent)? % self.bearers.len().max(1);
        let bearer = self.bearers.get(turn).cloned().ok_or("the visitor has no access token")?;
        let answer = self.send(Method::GET, path, Some(bearer), Bytes::new()).await?;
        expect(&answer, StatusCode::OK)?;
        Ok(answer)
    }

    async fn send(
        &mut self,
        method: Method,
        path: &str,
        authorization: Option<HeaderValue>,
        body: Bytes,
    ) -> Outcome<Answer> {
        let mut request = Request::builder().method(method).uri(path).header(HOST, self.host.clone());
        if let Some(authorization) = authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        if !body.is_empty() {
            request = request.header(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        let connection = self.connection.as_mut().ok_or("the visitor is not connected")?;
        connection.send(request.body(Full::new(body))?).await.doing(path)
    }

    /// xorshift64: spread, cheap, and the same in every run.
    fn random(&mut self) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random
    }
}

impl Caller for Visitor {
    async fn connect(&mut self) -> Outcome<()> {
        self.connection = Some(Connection::open(self.address).await.doing("connect")?);
        Ok(())
    }

    async fn call(&mut self) -> Outcome<()> {
        self.sent += 1;
        let load = match self.load {
            Load::Mixed => match self.random() % 1_000 {
                n if n < MIXED.0 => Load::Login,
                n if n < MIXED.0 + MIXED.1 => Load::Refresh,
                _ => Load::Me,
            },
            load => load,
        };
        match load {
            Load::Login => self.login().await,
            Load::Refresh => self.refresh().await,
            Load::Me | Load::Mixed => self.me().await,
            Load::List => self.authorized("/v1/sessions").await,
        }
        .map(drop)
    }
}

fn bearer(token: &str) -> Outcome<HeaderValue> {
    Ok(HeaderValue::try_from(format!("Bearer {token}"))?)
}

fn expect(answer: &Answer, status: StatusCode) -> Outcome<()> {
    if answer.status == status {
        return Ok(());
    }
    Err(format!("answered {}: {:.200}", answer.status, String::from_utf8_lossy(&answer.body)).into())
}
