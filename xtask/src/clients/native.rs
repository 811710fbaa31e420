//! The Rust client of `examples/client`: a thousand refreshes, ten processes with one session, and kills.

use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use serde_json::json;

use super::proxy::Proxy;
use super::{Told, World};
use crate::http::{Call, Client};
use crate::run::{Failure, not_started};

const EMAIL: &str = "rust@example.com";
const PASSWORD: &str = "correct horse battery staple";
const SEED: u64 = 20_261_128;
const PROCESSES: u32 = 10;
const KILLS: u32 = 20;
/// The longest that a process lives before it is killed, in ms.
const LONGEST_LIFE: u64 = 400;

/// All of it; fails when the client is signed out, or the network did nothing.
pub(super) fn play(world: &World) -> Result<Vec<Told>, Failure> {
    let account = json!({ "email": EMAIL, "password": PASSWORD });
    let made = Call { method: "POST", path: "/v1/accounts", body: Some(account), ..Call::default() };
    let answer = Client::new(world.server.base()).send(&made)?;
    if answer.status != 201 {
        return Err(Failure::new(format!("no account: {} {}", answer.status, answer.body)));
    }
    let refreshes = u64::from(world.refreshes);
    let mut told = Vec::new();
    for (seed, who, part, at_least) in [
        (11, "one program", Program::refreshes as fn(&Program, u32) -> Result<(), Failure>, refreshes),
        (12, "ten processes", Program::processes, 100),
        (13, "killed", Program::kills, 20),
    ] {
        let proxy = Proxy::start(&world.proxy, world.server.base(), seed)?;
        let file = world.folder.join(format!("session-{seed}.json"));
        let program = Program { path: world.client.clone(), url: proxy.url().to_owned(), file };
        program.sign_in()?;
        part(&program, world.refreshes)?;
        program.is_signed_in()?;
        println!("holds  Rust, {who}: signed in at the end");
        program.sign_out()?;
        let counts = proxy.end()?;
        counts.check(who, at_least)?;
        told.push(Told { who, counts });
    }
    Ok(told)
}

/// The client's program with one session.
struct Program {
    path: PathBuf,
    url: String,
    file: PathBuf,
}

impl Program {
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.path);
        command.args(["--timeout", "1s", "--first-pause", "10ms", "--url", &self.url, "--file"]).arg(&self.file);
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped());
        command
    }

    fn start(&self, arguments: &[&str]) -> Result<Child, Failure> {
        let mut command = self.command(arguments);
        command.spawn().map_err(|error| not_started(&command, &error))
    }

    /// Runs it to its end, and gives what it printed.
    fn say(&self, arguments: &[&str]) -> Result<String, Failure> {
        finished(self.start(arguments)?, arguments)
    }

    fn sign_in(&self) -> Result<(), Failure> {
        let arguments = ["sign-in", EMAIL];
        let mut command = self.command(&arguments);
        let mut child = command.stdin(Stdio::piped()).spawn().map_err(|error| not_started(&command, &error))?;
        if let Some(mut input) = child.stdin.take() {
            input
                .write_all(format!("{PASSWORD}\n").as_bytes())
                .map_err(|error| Failure::new(format!("the password cannot be typed: {error}")))?;
        }
        finished(child, &arguments)?;
        let unreadable = |error| Failure::new(format!("{}: {error}", self.file.display()));
        let mode = self.file.metadata().map_err(unreadable)?.permissions().mode() & 0o777;
        if mode == 0o600 {
            return Ok(());
        }
        Err(Failure::new(format!("{}: mode {mode:o} instead of 600", self.file.display())))
    }

    fn is_signed_in(&self) -> Result<(), Failure> {
        let me = self.say(&["get", "/v1/me"])?;
        if me.contains(EMAIL) { Ok(()) } else { Err(Failure::new(format!("/v1/me answers {me}"))) }
    }

    fn sign_out(&self) -> Result<(), Failure> {
        self.say(&["sign-out"])?;
        if self.file.exists() {
            return Err(Failure::new("after a sign-out the session's file is there"));
        }
        Ok(())
    }

    fn refreshes(&self, times: u32) -> Result<(), Failure> {
        self.say(&["refresh", "--times", &times.to_string()]).map(|_| ())
    }

    /// Ten processes at once, each with a tenth of the refreshes, on one file.
    fn processes(&self, times: u32) -> Result<(), Failure> {
        let share = (times / PROCESSES).max(1).to_string();
        let arguments = ["refresh", "--times", &share];
        let children: Vec<_> = (0..PROCESSES).map(|_| self.start(&arguments)).collect();
        // All are waited for, so that none is left running after another one failed.
        let ended: Vec<_> = children.into_iter().map(|child| finished(child?, &arguments)).collect();
        ended.into_iter().try_for_each(|outcome| outcome.map(|_| ()))
    }

    /// Killed at a moment of chance, and started again.
    fn kills(&self, _: u32) -> Result<(), Failure> {
        let mut dice = fastrand::Rng::with_seed(SEED);
        for _ in 0..KILLS {
            let mut child = self.start(&["refresh", "--times", "1000000"])?;
            sleep(Duration::from_millis(dice.u64(1..LONGEST_LIFE)));
            if let Ok(Some(status)) = child.try_wait() {
                return Err(Failure::new(format!("the client ended before it was killed: {status}")));
            }
            let _ = child.kill();
            let _ = child.wait();
            whole(&self.file)?;
        }
        // And it goes on, with the key that it finds.
        self.say(&["refresh", "--times", "20"]).map(|_| ())
    }
}

/// A file is replaced as a whole, so whenever a program was killed it is one.
fn whole(file: &Path) -> Result<(), Failure> {
    let text = std::fs::read_to_string(file).map_err(|error| Failure::new(format!("{}: {error}", file.display())))?;
    let read: Result<serde_json::Value, _> = serde_json::from_str(&text);
    read.map(|_| ()).map_err(|error| Failure::new(format!("{} is torn: {error}", file.display())))
}

fn finished(child: Child, arguments: &[&str]) -> Result<String, Failure> {
    let words = arguments.join(" ");
    let output = child.wait_with_output().map_err(|error| Failure::new(format!("`client {words}`: {error}")))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(Failure::new(format!("`client {words}`: {}; why stands above", output.status)))
}
