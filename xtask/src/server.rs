//! A running `jeton serve`: started, waited for, stopped.

use std::fs::File;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::thread::sleep;
use std::time::Duration;

use crate::http::{Call, Client};
use crate::run::{Failure, jeton, not_started, root};

const POLL: Duration = Duration::from_millis(50);
/// Enough for migrations on a slow disk.
const READY_POLLS: u32 = 1200;
/// A graceful shutdown finishes what is in flight.
const STOP_POLLS: u32 = 600;

pub(crate) struct Server {
    child: Child,
    base: String,
    log: Option<PathBuf>,
}

impl Server {
    /// Starts the program at `listen`. Its log goes to `log`, or to this terminal.
    pub(crate) fn start(
        program: &Path,
        listen: &str,
        data_dir: &Path,
        log: Option<PathBuf>,
        arguments: &[String],
    ) -> Result<Self, Failure> {
        let mut command = jeton(program);
        command
            .arg("serve")
            .args(arguments)
            .current_dir(root())
            .env("JETON_LISTEN", listen)
            .env("JETON_DATA_DIR", data_dir)
            .stdin(Stdio::null())
            // A Ctrl-C reaches this process alone, which then stops the server once and waits for it.
            .process_group(0);
        if let Some(path) = &log {
            let unwritable = |error| Failure::new(format!("{} cannot be written: {error}", path.display()));
            let file = File::create(path).map_err(unwritable)?;
            command.stderr(file.try_clone().map_err(unwritable)?).stdout(file);
        }
        let child = command.spawn().map_err(|error| not_started(&command, &error))?;
        Ok(Self { child, base: format!("http://{listen}"), log })
    }

    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// Waits until `/readyz` answers 200.
    pub(crate) fn wait_until_ready(&mut self) -> Result<(), Failure> {
        let client = Client::new(&self.base);
        for _ in 0..READY_POLLS {
            if let Some(status) = self.ended()? {
                return Err(Failure::new(format!(
                    "the server ended before it was ready ({status}){}",
                    self.last_words()
                )));
            }
            let ready = client.send(&Call { method: "GET", path: "/readyz", ..Call::default() });
            if ready.is_ok_and(|answer| answer.status == 200) {
                return Ok(());
            }
            sleep(POLL);
        }
        Err(Failure::new(format!("{}/readyz does not answer 200{}", self.base, self.last_words())))
    }

    /// Waits for the interrupt, then stops the server; or fails when the server ends by itself.
    pub(crate) fn run_until(mut self, interrupt: &Receiver<()>) -> Result<(), Failure> {
        loop {
            match interrupt.recv_timeout(POLL) {
                Err(RecvTimeoutError::Timeout) => {}
                Ok(()) | Err(RecvTimeoutError::Disconnected) => return self.stop(),
            }
            if let Some(status) = self.ended()? {
                return Err(Failure::new(format!("the server ended by itself ({status}){}", self.last_words())));
            }
        }
    }

    fn stop(&mut self) -> Result<(), Failure> {
        println!("\nstopping …");
        self.terminate();
        for _ in 0..STOP_POLLS {
            match self.ended()? {
                Some(status) if status.success() => return Ok(()),
                Some(status) => return Err(Failure::new(format!("the server did not stop cleanly ({status})"))),
                None => sleep(POLL),
            }
        }
        Err(Failure::new("the server does not stop; it is killed"))
    }

    /// Std has no gentle signal; the `kill` that every Unix has does.
    fn terminate(&self) {
        let _ = Command::new("kill").arg("-TERM").arg(self.child.id().to_string()).status();
    }

    fn ended(&mut self) -> Result<Option<ExitStatus>, Failure> {
        self.child.try_wait().map_err(|error| Failure::new(format!("the server cannot be waited for: {error}")))
    }

    fn last_words(&self) -> String {
        let log = self.log.as_ref().and_then(|path| std::fs::read_to_string(path).ok());
        let lines: Vec<_> = log.iter().flat_map(|log| log.lines()).collect();
        let last = lines.get(lines.len().saturating_sub(15)..).unwrap_or_default();
        last.iter().fold(String::new(), |words, line| words + "\n    " + line)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // After a clean stop both do nothing.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
