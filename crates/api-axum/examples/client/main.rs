//! A program that stays signed in: through lost answers, crashes, and other processes with the same session.
//!
//! ```text
//! cargo run --example client -- sign-in alice@example.com      # asks for the password, or reads it from a pipe
//! cargo run --example client -- get /v1/me
//! cargo run --example client -- sign-out
//! ```
//!
//! `saved.rs` and `session.rs` are the client, to be taken into a program of yours; this file is the command line. The session lies
//! in `./jeton-session.json` unless `--file` names another place.

mod saved;
mod session;

use std::error::Error;
use std::io::{self, BufRead as _, IsTerminal as _};
use std::path::PathBuf;

use clap::{Parser, Subcommand};
use serde_json::json;

use saved::SessionFile;
use session::{ClientError, Patience, Session};

type Failure = Box<dyn Error + Send + Sync>;

/// A program that stays signed in with Jeton.
#[derive(Parser)]
#[command(name = "client")]
struct Settings {
    /// Where Jeton is.
    #[arg(long, env = "JETON_URL", default_value = "http://127.0.0.1:8080")]
    url: String,
    /// Where the session lies.
    #[arg(long, env = "JETON_SESSION", default_value = "jeton-session.json")]
    file: PathBuf,
    /// How long to wait for one answer.
    #[arg(long, default_value = "10s")]
    timeout: humantime::Duration,
    /// The pause after the first answer that did not come.
    #[arg(long, default_value = "500ms")]
    first_pause: humantime::Duration,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Sign in. The password is asked for, or read from a pipe.
    SignIn { email: String },
    /// Get a resource with the access token, and print it.
    Get { path: String },
    /// Refresh now; there is no need to, since `get` does so when it is due.
    Refresh {
        /// How many times, one after the other.
        #[arg(long, default_value_t = 1)]
        times: u32,
    },
    /// Sign out.
    SignOut,
}

/// A line that the user types unseen, or that comes through a pipe.
fn secret(prompt: &str) -> io::Result<String> {
    if io::stdin().is_terminal() {
        return rpassword::prompt_password(prompt);
    }
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line)?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

async fn sign_in(session: &Session, email: &str) -> Result<(), Failure> {
    let body = json!({ "email": email, "password": secret("Password: ")?, "device_name": "client" });
    match session.sign_in("/v1/login", &body).await {
        Err(ClientError::Refused(problem)) if problem.code == "mfa_required" => {
            let body =
                json!({ "mfa_token": problem.mfa_token, "code": secret("Code of your app, or recovery code: ")? });
            Ok(session.sign_in("/v1/login/mfa", &body).await?)
        }
        outcome => Ok(outcome?),
    }
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let settings = Settings::parse();
    let http = reqwest::Client::builder().timeout(settings.timeout.into()).build()?;
    let patience = Patience { first_pause: settings.first_pause.into(), total: std::time::Duration::from_secs(30) };
    let session = Session::new(http, &settings.url, SessionFile::new(settings.file), patience);
    match settings.command {
        Command::SignIn { email } => sign_in(&session, &email).await?,
        Command::Get { path } => {
            let answer = session.get(&path).await?;
            let status = answer.status();
            println!("{}", answer.text().await?);
            if !status.is_success() {
                return Err(format!("{path} answers {status}").into());
            }
        }
        Command::Refresh { times } => {
            let mut token = session.access_token().await?;
            for _ in 0..times {
                token = session.refresh(&token).await?;
            }
            println!("refreshed {times} times");
        }
        Command::SignOut => session.sign_out().await?,
    }
    Ok(())
}
