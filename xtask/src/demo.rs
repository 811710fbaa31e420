//! `cargo xtask dev --demo`: the main job against a running server, each request and answer in words.

use serde_json::{Value, json};

use crate::http::{Answer, Call, Client};
use crate::run::Failure;
use crate::secrets::Secrets;

const PASSWORD: &str = "correct horse battery staple";

/// Plays the whole job; the first answer that is not what it should be ends it.
pub(crate) fn play(base: &str) -> Result<(), Failure> {
    // An address of its own for each run, so that it can be played on one database again and again.
    let email = format!("ada.{}@example.org", std::process::id());
    let mut story = Story { client: Client::new(base), secrets: Secrets::default(), chapter: 0 };
    story.sign_up(&email)?;
    let laptop = story.sign_in(&email, "Ada's laptop")?;
    story.use_it(&email, &laptop)?;
    let successor = story.refresh(&laptop)?;
    let current = story.lose_an_answer(&successor)?;
    story.catch_a_thief(&laptop, &current)?;
    story.list_devices_and_sign_out(&email)?;
    println!("\nEvery answer was as it should be.");
    Ok(())
}

/// What a token response holds, as far as the story needs it.
struct Tokens {
    access: String,
    refresh: String,
}

struct Story {
    client: Client,
    secrets: Secrets,
    chapter: u32,
}

impl Story {
    fn sign_up(&mut self, email: &str) -> Result<(), Failure> {
        self.chapter("Sign up");
        self.ask(201, &Call { body: Some(json!({"email": email, "password": PASSWORD})), ..post("/v1/accounts") })?;
        tell("Ada has an account. Her password is kept as an argon2id hash.");
        Ok(())
    }

    fn sign_in(&mut self, email: &str, device: &str) -> Result<Tokens, Failure> {
        self.chapter("Sign in");
        let tokens = self.log_in(email, device)?;
        tell("A short-lived access token (a JWT) to show with each request, and a refresh token for the next one.");
        tell("The server keeps neither: of the refresh token it stores a hash.");
        Ok(tokens)
    }

    fn log_in(&self, email: &str, device: &str) -> Result<Tokens, Failure> {
        let body = json!({"email": email, "password": PASSWORD, "device_name": device});
        tokens(&self.ask(200, &Call { body: Some(body), ..post("/v1/login") })?)
    }

    fn use_it(&mut self, email: &str, tokens: &Tokens) -> Result<(), Failure> {
        self.chapter("Use");
        let me = self.ask(200, &Call { bearer: Some(&tokens.access), ..get("/v1/me") })?;
        same("the account's address", text(&me.body, "email")?, email)?;
        tell("Verified by its signature alone: no database was asked whether the token is good.");
        Ok(())
    }

    fn refresh(&mut self, tokens_before: &Tokens) -> Result<Tokens, Failure> {
        self.chapter("Refresh");
        let successor = tokens(&self.ask(200, &present(&tokens_before.refresh, None))?)?;
        differs("the successor", &successor.refresh, &tokens_before.refresh)?;
        tell("The session moved one generation on; the token that was presented is spent.");
        Ok(successor)
    }

    fn lose_an_answer(&mut self, held: &Tokens) -> Result<Tokens, Failure> {
        self.chapter("An answer is lost on the way");
        let key = Some("ada-laptop-attempt-2");
        let lost = tokens(&self.ask(200, &present(&held.refresh, key))?)?;
        tell("The server rotated the token, and the network ate this answer: the laptop still holds the spent one.");
        tell("It repeats its request, as any client would:");
        let recovered = tokens(&self.ask(200, &present(&held.refresh, key))?)?;
        same("the successor", &self.secrets.token(&recovered.refresh), &self.secrets.token(&lost.refresh))?;
        tell("Byte for byte the same successor: it is derived, so the server can say it again without having kept it.");
        tell("The Idempotency-Key lets the laptop recover even after hours; without one there are 30 seconds.");
        Ok(recovered)
    }

    fn catch_a_thief(&mut self, stolen: &Tokens, current: &Tokens) -> Result<(), Failure> {
        self.chapter("A thief's replay is caught");
        tell(&format!(
            "A thief copied Ada's first refresh token, {}, two generations old by now.",
            self.secrets.token(&stolen.refresh)
        ));
        self.refused(&present(&stolen.refresh, None), "invalid_grant")?;
        tell("Nobody honest holds such a token any more. The session has ended, and with it:");
        tell("the access token that was good a moment ago,");
        self.ask(401, &Call { bearer: Some(&current.access), ..get("/v1/me") })?;
        tell("and the newest refresh token. Who holds that one learns why, so that an application can tell Ada.");
        self.refused(&present(&current.refresh, None), "session_revoked")?;
        tell("The thief has nothing. Ada signs in again.");
        Ok(())
    }

    fn list_devices_and_sign_out(&mut self, email: &str) -> Result<(), Failure> {
        self.chapter("The device list");
        let laptop = self.log_in(email, "Ada's laptop")?;
        let phone = self.log_in(email, "Ada's phone")?;
        let list = self.ask(200, &Call { bearer: Some(&laptop.access), ..get("/v1/sessions") })?;
        let sessions = list.body.get("sessions").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let current: Vec<_> = sessions.iter().filter(|session| session.get("current") == Some(&json!(true))).collect();
        same("the number of devices", &sessions.len().to_string(), "2")?;
        same("the device that asks", text(current.first().unwrap_or(&&Value::Null), "device_name")?, "Ada's laptop")?;
        tell("Two devices; the session that the thief broke is gone.");

        self.chapter("Sign out");
        self.ask(204, &Call { bearer: Some(&laptop.access), ..post("/v1/logout") })?;
        tell("The laptop's session has ended. Its access token, though not expired, is refused at once:");
        self.ask(401, &Call { bearer: Some(&laptop.access), ..get("/v1/me") })?;
        tell("The phone stays signed in:");
        self.ask(200, &Call { bearer: Some(&phone.access), ..get("/v1/me") })?;
        Ok(())
    }

    fn chapter(&mut self, title: &str) {
        self.chapter += 1;
        println!("\n{}. {title}", self.chapter);
    }

    /// Sends the call, shows both sides, and fails unless the status is the expected one.
    fn ask(&self, expected: u16, call: &Call<'_>) -> Result<Answer, Failure> {
        println!("   -> {} {}", call.method, call.path);
        if let Some(token) = call.bearer {
            println!("      Authorization: Bearer {}", self.secrets.token(token));
        }
        if let Some(key) = call.idempotency_key {
            println!("      Idempotency-Key: {key}");
        }
        if let Some(body) = &call.body {
            println!("      {}", self.secrets.hide(body));
        }
        let answer = self.client.send(call)?;
        println!("   <- {}", answer.status);
        if !answer.body.is_null() {
            println!("      {}", self.secrets.hide(&answer.body));
        }
        if answer.status.as_u16() == expected {
            return Ok(answer);
        }
        Err(Failure::new(format!("{} {} answers {}; it should be {expected}", call.method, call.path, answer.status)))
    }

    fn refused(&self, call: &Call<'_>, code: &str) -> Result<(), Failure> {
        let answer = self.ask(401, call)?;
        same("the problem's code", text(&answer.body, "code")?, code)
    }
}

fn get(path: &str) -> Call<'_> {
    Call { method: "GET", path, ..Call::default() }
}

fn post(path: &str) -> Call<'_> {
    Call { method: "POST", path, ..Call::default() }
}

fn present<'a>(refresh_token: &str, idempotency_key: Option<&'a str>) -> Call<'a> {
    Call { idempotency_key, body: Some(json!({"refresh_token": refresh_token})), ..post("/v1/refresh") }
}

fn tell(sentence: &str) {
    println!("   {sentence}");
}

fn tokens(answer: &Answer) -> Result<Tokens, Failure> {
    let member = |name| text(&answer.body, name).map(str::to_owned);
    Ok(Tokens { access: member("access_token")?, refresh: member("refresh_token")? })
}

fn text<'a>(body: &'a Value, name: &str) -> Result<&'a str, Failure> {
    body.get(name).and_then(Value::as_str).ok_or_else(|| Failure::new(format!("the answer has no `{name}`")))
}

fn same(what: &str, found: &str, expected: &str) -> Result<(), Failure> {
    if found == expected {
        return Ok(());
    }
    Err(Failure::new(format!("{what} is `{found}`; it should be `{expected}`")))
}

fn differs(what: &str, found: &str, before: &str) -> Result<(), Failure> {
    if found == before { Err(Failure::new(format!("{what} is the same as before"))) } else { Ok(()) }
}
