//! What the scenes share: a server with its outbox, a driver, and the gallery.

use std::fs;
use std::path::PathBuf;
use std::process::Stdio;
use std::thread::sleep;
use std::time::{Duration, UNIX_EPOCH};

use serde_json::{Value, json};
use totp_rs::{Builder, Secret, Totp};

use super::accessibility::Axe;
use super::driver::{Driver, Looks};
use super::gallery::Gallery;
use super::page::Page;
use super::watch::check_logs;
use crate::http::{Call, Client};
use crate::run::{Failure, build, cargo, jeton, not_started};
use crate::scratch::{Folder, free_address};
use crate::server::Server;

pub(super) const PASSWORD: &str = "correct horse battery staple";
pub(super) const NEW_PASSWORD: &str = "an entirely different sentence";

/// A server on SQLite without a mail server, and the browsers that visit it.
pub(super) struct Stage {
    pub(super) api: Client,
    pub(super) gallery: Gallery,
    axe: Axe,
    origin: String,
    driver: Driver,
    program: PathBuf,
    settings: Vec<String>,
    // After the browsers, so that none asks a server that is gone.
    _server: Server,
    folder: Folder,
}

impl Stage {
    pub(super) fn set(headed: bool) -> Result<Self, Failure> {
        let program = build(&mut cargo(["build", "--package", "api-axum", "--bin", "jeton"]), "bin", "jeton")?;
        let folder = Folder::new()?;
        let listen = free_address()?;
        // Browsers trust `localhost` as they trust https, and passkeys are bound to it.
        let origin = format!("http://{}", listen.replace("127.0.0.1", "localhost"));
        let settings = vec!["--issuer".to_owned(), origin.clone()];
        let mut server = Server::start(&program, &listen, &folder.0, Some(folder.0.join("server.log")), &settings)?;
        server.wait_until_ready()?;
        let (gallery, axe) = (Gallery::open()?, Axe::installed()?);
        let (api, driver) = (Client::new(server.base()), Driver::start(headed)?);
        Ok(Self { api, gallery, axe, origin, driver, program, settings, _server: server, folder })
    }

    /// Opens a browser for a scene, and demands afterwards that it asked nobody else and logged no error.
    pub(super) fn visit(
        &self,
        looks: Looks,
        scene: impl FnOnce(&Page<'_>) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let page = self.driver.open(&self.origin, looks)?;
        let outcome = scene(&page).and_then(|()| check_logs(&page));
        outcome.map_err(|failure| match self.gallery.failed(&page) {
            Ok(path) => Failure::new(format!("{failure}\n(the page: {})", path.display())),
            Err(_) => failure,
        })
    }

    /// Takes screenshots of what the page shows, and has it judged in light and dark.
    pub(super) fn show(&self, page: &Page<'_>, name: &str, caption: &str) -> Result<(), Failure> {
        self.gallery.take(page, name, caption)?;
        self.axe.judge(page, name)?;
        page.choose_colours(if page.looks.dark { "light" } else { "dark" })?;
        let other = self.axe.judge(page, name);
        page.choose_colours("auto")?;
        other
    }

    /// Makes an account by the HTTP interface.
    pub(super) fn account(&self, email: &str) -> Result<(), Failure> {
        self.post("/v1/accounts", None, json!({ "email": email, "password": PASSWORD }), 201).map(drop)
    }

    /// Makes an account with the role `admin` by the command line, as the first one has to be.
    pub(super) fn operator(&self, email: &str) -> Result<(), Failure> {
        let mut command = jeton(&self.program);
        command
            .args(["users", "create", "--admin", "--password-stdin", "--email", email, "--data-dir"])
            .arg(&self.folder.0)
            .args(&self.settings)
            .stdin(Stdio::piped())
            .stdout(Stdio::null());
        let mut child = command.spawn().map_err(|error| not_started(&command, &error))?;
        let written = child.stdin.take().map(|mut stdin| {
            use std::io::Write as _;
            writeln!(stdin, "{PASSWORD}")
        });
        let status = child.wait().map_err(|error| not_started(&command, &error))?;
        if status.success() && matches!(written, Some(Ok(()))) {
            return Ok(());
        }
        Err(Failure::new(format!("`jeton users create --admin`: {status}")))
    }

    /// The path and fragment of the link in the newest mail of this kind to this address.
    pub(super) fn mailed_link(&self, kind: &str, email: &str) -> Result<String, Failure> {
        for _ in 0..200 {
            if let Some(link) = self.newest_mail(kind, email).and_then(|mail| self.link_in(&mail)) {
                return Ok(link);
            }
            sleep(Duration::from_millis(50));
        }
        Err(Failure::new(format!("no mail `{kind}` to {email} is in the outbox")))
    }

    fn newest_mail(&self, kind: &str, email: &str) -> Option<String> {
        let files = fs::read_dir(self.folder.0.join("outbox")).ok()?.flatten();
        let named = files.filter(|file| file.file_name().to_string_lossy().starts_with(kind));
        let mails = named.filter_map(|file| {
            let text = fs::read_to_string(file.path()).ok()?;
            let addressed = text.lines().any(|line| line.starts_with("To:") && line.contains(email));
            addressed.then_some((file.metadata().and_then(|data| data.modified()).ok()?, text))
        });
        mails.max_by_key(|(written, _)| *written).map(|(_, text)| text)
    }

    fn link_in(&self, mail: &str) -> Option<String> {
        let (_, rest) = mail.split_once(&format!("{}/#/", self.origin))?;
        let end = rest.find(|c: char| c.is_whitespace() || matches!(c, '"' | '<' | '>'))?;
        rest.get(..end).map(|path| format!("/#/{path}"))
    }

    pub(super) fn post(&self, path: &str, token: Option<&str>, body: Value, status: u16) -> Result<Value, Failure> {
        self.call("POST", path, token, Some(body), status)
    }

    pub(super) fn call(
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

    /// Signs in by the HTTP interface, as another device would, and gives the access token.
    pub(super) fn sign_in(&self, email: &str, device: &str) -> Result<String, Failure> {
        let body = json!({ "email": email, "password": PASSWORD, "device_name": device });
        text(&self.post("/v1/login", None, body, 200)?, "access_token")
    }
}

/// An app for one-time passwords (RFC 6238).
pub(super) struct App(Totp);

impl App {
    /// Set up with the secret that the page shows to type.
    pub(super) fn with_secret(secret: &str) -> Result<Self, Failure> {
        let failed = |error: &dyn std::fmt::Display| Failure::new(format!("the app refuses the secret: {error}"));
        let secret = Secret::try_from_base32(secret.replace(' ', "")).map_err(|error| failed(&error))?;
        Builder::new().with_secret(secret).build().map(Self).map_err(|error| failed(&error))
    }

    /// What it shows now.
    pub(super) fn code(&self) -> String {
        self.0.generate(now()).to_string()
    }

    /// What it shows half a minute later, which a server takes as well: clocks differ. A code is good once.
    pub(super) fn next_code(&self) -> String {
        self.0.generate(self.0.next_step(now())).to_string()
    }
}

fn now() -> u64 {
    UNIX_EPOCH.elapsed().map(|since| since.as_secs()).unwrap_or_default()
}

pub(super) fn text(value: &Value, name: &str) -> Result<String, Failure> {
    let found = value.get(name).and_then(Value::as_str);
    found.map(str::to_owned).ok_or_else(|| Failure::new(format!("the answer has no `{name}`")))
}

pub(super) fn check(what: &str, holds: bool) -> Result<(), Failure> {
    println!("{} {what}", if holds { "holds " } else { "FAILS " });
    if holds { Ok(()) } else { Err(Failure::new(what.to_owned())) }
}
