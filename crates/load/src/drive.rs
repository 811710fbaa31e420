//! How requests are sent: closed loop (each client sends its next request when the answer is there) and open loop (requests
//! arrive at a fixed rate, whatever the server does).
//!
//! A closed loop measures throughput; its latencies flatter a server that stalls, since nothing is sent meanwhile
//! (coordinated omission). The open loop counts from the moment at which a request was to be sent, so that a stall is felt by
//! every request that it held up.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::sync::{Mutex, mpsc};
use tokio::task::{JoinSet, yield_now};

use crate::figures::Run;
use crate::outcome::{Outcome, Trouble};

/// A client that can be told to send its next request.
pub(crate) trait Caller: 'static {
    /// Connects anew.
    async fn connect(&mut self) -> Outcome<()>;
    /// Sends one request and reads the answer; another answer than the expected one is an error.
    async fn call(&mut self) -> Outcome<()>;
}

/// How long a run is measured, and how long it runs before that.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    pub(crate) warm_up: Duration,
    pub(crate) length: Duration,
}

impl Pace {
    fn whole(self) -> Duration {
        self.warm_up + self.length
    }
}

/// Each caller sends its next request when it has the answer to the one before. The callers come back for the next run.
pub(crate) async fn closed<C: Caller>(callers: Vec<C>, pace: Pace) -> Outcome<(Vec<C>, Run)> {
    let callers = connected(callers).await?;
    let run = Rc::new(RefCell::new(Run::of(pace.length)));
    let from = Instant::now() + pace.warm_up;
    let until = from + pace.length;
    let mut tasks = JoinSet::new();
    for mut caller in callers {
        let run = Rc::clone(&run);
        tasks.spawn_local(async move {
            loop {
                let began = Instant::now();
                if began >= until {
                    return caller;
                }
                let outcome = caller.call().await;
                let ended = Instant::now();
                run.borrow_mut().calls += 1;
                if ended >= from && ended < until {
                    run.borrow_mut().note(ended - began, &outcome);
                }
                recover(&mut caller, &outcome).await;
            }
        });
    }
    let callers = tasks.join_all().await;
    Ok((callers, run.take()))
}

/// Requests arrive at `rate` a second, and whichever caller is free takes the next. The latency is counted from its arrival.
pub(crate) async fn open<C: Caller>(callers: Vec<C>, rate: f64, pace: Pace) -> Outcome<(Vec<C>, Run)> {
    let callers = connected(callers).await?;
    let run = Rc::new(RefCell::new(Run::of(pace.length)));
    let (tickets, waiting) = mpsc::unbounded_channel();
    let waiting = Rc::new(Mutex::new(waiting));
    let began = Instant::now();
    let from = began + pace.warm_up;
    let until = began + pace.whole();
    // What is not answered by then counts as failed: the server does not keep up at all.
    let patience = until + pace.whole();
    let clock = std::thread::spawn(move || issue(&tickets, rate, began, until));
    let mut tasks = JoinSet::new();
    for mut caller in callers {
        let (run, waiting) = (Rc::clone(&run), Rc::clone(&waiting));
        tasks.spawn_local(async move {
            loop {
                let ticket = waiting.lock().await.recv().await;
                let Some(due) = ticket else { return caller };
                let outcome =
                    if Instant::now() < patience { caller.call().await } else { Err("given up, far too late".into()) };
                run.borrow_mut().calls += 1;
                if due >= from {
                    run.borrow_mut().note(due.elapsed(), &outcome);
                }
                recover(&mut caller, &outcome).await;
            }
        });
    }
    let callers = tasks.join_all().await;
    clock.join().map_err(|_| Trouble::from("the thread that keeps the rate ended"))?;
    Ok((callers, run.take()))
}

/// Hands out each request when it is due. A thread of its own: the runtime's timer counts whole milliseconds.
fn issue(tickets: &mpsc::UnboundedSender<Instant>, rate: f64, began: Instant, until: Instant) {
    for n in 0_u32.. {
        let due = began + Duration::from_secs_f64(f64::from(n) / rate);
        if due >= until {
            return;
        }
        if let Some(wait) = due.checked_duration_since(Instant::now()) {
            std::thread::sleep(wait);
        }
        if tickets.send(due).is_err() {
            return;
        }
    }
}

async fn connected<C: Caller>(mut callers: Vec<C>) -> Outcome<Vec<C>> {
    for caller in &mut callers {
        caller.connect().await?;
    }
    Ok(callers)
}

/// After a failure the connection may be of no use. The next call tells whether the new one is.
async fn recover<C: Caller>(caller: &mut C, outcome: &Outcome<()>) {
    if outcome.is_err() {
        let _ = caller.connect().await;
        yield_now().await;
    }
}
