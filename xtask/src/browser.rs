//! `cargo xtask browser`: passkeys in a real Chromium, driven by `WebDriver`, with its virtual authenticator.

use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use clap::Args;
use serde_json::{Value, json};

use crate::http::{Call, Client};
use crate::run::{Failure, build, cargo};
use crate::scratch::{Folder, free_address};
use crate::server::Server;

const PASSWORD: &str = "correct horse battery staple";
const MISSING: &str =
    "Chromium and its driver are needed: `apt-get install chromium chromium-driver`, or what your system calls them";
/// The browser makes a passkey.
const CREATE: &str = "const [options, done] = arguments;
    const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options.publicKey ?? options);
    navigator.credentials.create({ publicKey }).then((made) => done({ credential: made.toJSON() }), (why) => done({ refused: String(why) }));";
/// The browser shows a passkey.
const GET: &str = "const [options, done] = arguments;
    const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options.publicKey ?? options);
    navigator.credentials.get({ publicKey }).then((shown) => done({ credential: shown.toJSON() }), (why) => done({ refused: String(why) }));";

/// Let a real browser register passkeys and sign in with them.
///
/// Starts `jeton serve` on SQLite and a headless Chromium with a virtual authenticator. Needs Chromium and chromedriver.
#[derive(Args, Default)]
#[command(after_help = "Examples:\n  \
    cargo xtask browser\n  \
    cargo xtask browser --headed\n  \
    cargo xtask ci --skip browser        where Chromium cannot be had")]
pub(crate) struct Browser {
    /// Show the browser's window.
    #[arg(long)]
    headed: bool,
}

impl Browser {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let program = build(&mut cargo(["build", "--package", "api-axum", "--bin", "jeton"]), "bin", "jeton")?;
        let folder = Folder::new()?;
        let listen = free_address()?;
        // Browsers trust `localhost` as they trust https, and passkeys are bound to it.
        let issuer = format!("http://{}", listen.replace("127.0.0.1", "localhost"));
        let database = format!("sqlite:{}", folder.0.join("jeton.db").display());
        let flags = ["--database-url", &database, "--issuer", &issuer].map(str::to_owned);
        let mut server = Server::start(&program, &listen, &folder.0, Some(folder.0.join("server.log")), &flags)?;
        server.wait_until_ready()?;
        let driver = Driver::start()?;
        let page = driver.open(&issuer, self.headed)?;
        Scene { api: Client::new(server.base()), page }.play()
    }
}

/// A browser's page, and the server that it belongs to.
struct Scene<'a> {
    api: Client,
    page: Page<'a>,
}

impl Scene<'_> {
    fn play(&self) -> Result<(), Failure> {
        for email in ["alice@example.com", "eve@example.com"] {
            self.post("/v1/accounts", None, json!({ "email": email, "password": PASSWORD }), 201)?;
        }
        let login = |email: &str| json!({ "email": email, "password": PASSWORD });
        let token = text(&self.post("/v1/login", None, login("alice@example.com"), 200)?, "access_token")?;

        let added = self.add_passkey(&token, "Laptop")?;
        let codes = added.get("recovery_codes").and_then(Value::as_array).map_or(0, Vec::len);
        check("the first second factor brings ten recovery codes", codes == 10)?;
        let id = text(added.get("passkey").unwrap_or(&added), "id")?;

        let (request, answer) = self.sign_in()?;
        check("a passkey signs in without a password", answer.get("access_token").is_some())?;
        let token = text(&answer, "access_token")?;
        let again = self.post("/v1/login/passkey", None, request, 401)?;
        check("its answer is accepted once", again.get("code") == Some(&json!("invalid_passkey")))?;

        let first_half = self.post("/v1/login", None, login("alice@example.com"), 401)?;
        check("the password alone is not enough any more", first_half.get("code") == Some(&json!("mfa_required")))?;
        let mfa_token = text(&first_half, "mfa_token")?;
        let begun = self.post("/v1/login/passkey/begin", None, json!({ "mfa_token": mfa_token }), 200)?;
        let shown = self.page.credential(GET, &begun)?;
        let passkey = json!({ "ceremony": begun.get("ceremony"), "credential": shown });
        let whole = self.post("/v1/login/mfa", None, json!({ "mfa_token": mfa_token, "passkey": passkey }), 200)?;
        check("it signs in after the password", whole.get("access_token").is_some())?;

        let eve = text(&self.post("/v1/login", None, login("eve@example.com"), 200)?, "access_token")?;
        self.call("DELETE", &format!("/v1/me/passkeys/{id}"), Some(&eve), None, 404)?;
        check("another account cannot remove it", self.names(&token)? == ["Laptop"])?;
        self.call("PATCH", &format!("/v1/me/passkeys/{id}"), Some(&token), Some(json!({ "name": "Old laptop" })), 204)?;
        check("it is renamed", self.names(&token)? == ["Old laptop"])?;

        let refused = self.add_passkey(&token, "Twice");
        check("one authenticator is not registered twice", refused.is_err())?;

        let begun = self.post("/v1/login/passkey/begin", None, json!({}), 200)?;
        let mut bent = self.page.credential(GET, &begun)?;
        if let Some(signature) = bent.pointer_mut("/response/signature") {
            *signature = json!(
                "MEUCIQDAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAIgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
            );
        }
        let forged = json!({ "ceremony": begun.get("ceremony"), "credential": bent });
        self.post("/v1/login/passkey", None, forged, 401)?;
        check("a signature of somebody else is refused", true)?;

        self.call("DELETE", &format!("/v1/me/passkeys/{id}"), Some(&token), None, 204)?;
        check("it is removed", self.names(&token)?.is_empty())?;
        let (_, answer) = self.sign_in_expecting(401)?;
        check("and signs in no more", answer.get("code") == Some(&json!("invalid_passkey")))?;
        self.post("/v1/login", None, login("alice@example.com"), 200)?;
        check("the password is enough again", true)
    }

    fn add_passkey(&self, token: &str, name: &str) -> Result<Value, Failure> {
        let begun = self.post("/v1/me/passkeys/begin", Some(token), json!({}), 200)?;
        let made = self.page.credential(CREATE, &begun)?;
        let body = json!({ "ceremony": begun.get("ceremony"), "credential": made, "name": name });
        self.post("/v1/me/passkeys", Some(token), body, 201)
    }

    fn sign_in(&self) -> Result<(Value, Value), Failure> {
        self.sign_in_expecting(200)
    }

    /// Signs in with whichever passkey the browser holds; gives what was sent and what was answered.
    fn sign_in_expecting(&self, status: u16) -> Result<(Value, Value), Failure> {
        let begun = self.post("/v1/login/passkey/begin", None, json!({}), 200)?;
        let shown = self.page.credential(GET, &begun)?;
        let request = json!({ "ceremony": begun.get("ceremony"), "credential": shown });
        let answer = self.post("/v1/login/passkey", None, request.clone(), status)?;
        Ok((request, answer))
    }

    fn names(&self, token: &str) -> Result<Vec<String>, Failure> {
        let factors = self.call("GET", "/v1/me/factors", Some(token), None, 200)?;
        let passkeys = factors.get("passkeys").and_then(Value::as_array).cloned().unwrap_or_default();
        passkeys.iter().map(|passkey| text(passkey, "name")).collect()
    }

    fn post(&self, path: &str, token: Option<&str>, body: Value, status: u16) -> Result<Value, Failure> {
        self.call("POST", path, token, Some(body), status)
    }

    fn call(
        &self,
        method: &str,
        path: &str,
        bearer: Option<&str>,
        body: Option<Value>,
        status: u16,
    ) -> Result<Value, Failure> {
        let answer = self.api.send(&Call { method, path, bearer, body, ..Call::default() })?;
        if answer.status == status {
            return Ok(answer.body);
        }
        let code = answer.body.get("code").cloned().unwrap_or_default();
        Err(Failure::new(format!("{method} {path} answers {} {code}, not {status}", answer.status)))
    }
}

/// A running chromedriver.
struct Driver {
    child: Child,
    client: Client,
}

impl Driver {
    fn start() -> Result<Self, Failure> {
        let address = free_address()?;
        let port = address.rsplit(':').next().unwrap_or_default();
        let mut command = Command::new("chromedriver");
        command.arg(format!("--port={port}")).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().map_err(|error| Failure::new(format!("{MISSING} (chromedriver: {error})")))?;
        let driver = Self { child, client: Client::new(&format!("http://{address}")) };
        for _ in 0..200 {
            if TcpStream::connect(&address).is_ok() {
                return Ok(driver);
            }
            sleep(Duration::from_millis(50));
        }
        Err(Failure::new("chromedriver does not answer"))
    }

    /// Opens a page of `origin` in a browser of its own with a virtual authenticator.
    fn open(&self, origin: &str, headed: bool) -> Result<Page<'_>, Failure> {
        let mut arguments = vec!["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"];
        if !headed {
            arguments.push("--headless=new");
        }
        let wanted = json!({ "capabilities": { "alwaysMatch": {
            "browserName": "chrome",
            "goog:chromeOptions": { "args": arguments },
            "webauthn:virtualAuthenticators": true,
        } } });
        let opened = self.send("POST", "/session", Some(wanted))?;
        let page = Page { driver: self, session: text(&opened, "sessionId")? };
        let authenticator = json!({
            "protocol": "ctap2", "transport": "internal", "hasResidentKey": true,
            "hasUserVerification": true, "isUserVerified": true, "isUserConsenting": true,
        });
        page.send("POST", "/webauthn/authenticator", Some(authenticator))?;
        page.send("POST", "/url", Some(json!({ "url": format!("{origin}/livez") })))?;
        Ok(page)
    }

    fn send(&self, method: &str, path: &str, body: Option<Value>) -> Result<Value, Failure> {
        let answer = self.client.send(&Call { method, path, body, ..Call::default() })?;
        let value = answer.body.get("value").cloned().unwrap_or_default();
        if answer.status == 200 {
            return Ok(value);
        }
        let message = value.get("message").and_then(Value::as_str).unwrap_or_default();
        let hint = if path == "/session" { format!("{MISSING}: ") } else { String::new() };
        Err(Failure::new(format!("{hint}the browser refused {path}: {}", message.lines().next().unwrap_or_default())))
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A browser with one page. It closes when this is dropped.
struct Page<'a> {
    driver: &'a Driver,
    session: String,
}

impl Page<'_> {
    /// What the browser makes or shows when it is asked by the `options` of a ceremony.
    fn credential(&self, script: &str, begun: &Value) -> Result<Value, Failure> {
        let options = begun.get("options").cloned().unwrap_or_default();
        let done = self.send("POST", "/execute/async", Some(json!({ "script": script, "args": [options] })))?;
        match done.get("credential") {
            Some(credential) => Ok(credential.clone()),
            None => Err(Failure::new(format!("the browser refuses: {}", done.get("refused").unwrap_or(&done)))),
        }
    }

    fn send(&self, method: &str, path: &str, body: Option<Value>) -> Result<Value, Failure> {
        self.driver.send(method, &format!("/session/{}{path}", self.session), body)
    }
}

impl Drop for Page<'_> {
    fn drop(&mut self) {
        let _ = self.send("DELETE", "", None);
    }
}

fn text(value: &Value, name: &str) -> Result<String, Failure> {
    let found = value.get(name).and_then(Value::as_str);
    found.map(str::to_owned).ok_or_else(|| Failure::new(format!("the answer has no `{name}`")))
}

fn check(what: &str, holds: bool) -> Result<(), Failure> {
    println!("{} {what}", if holds { "holds " } else { "FAILS " });
    if holds { Ok(()) } else { Err(Failure::new(what.to_owned())) }
}
