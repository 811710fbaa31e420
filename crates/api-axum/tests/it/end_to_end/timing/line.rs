//! One connection, and how long each answer over it takes.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use auth_domain::ports::random;
use auth_domain::testing::SeededEntropy;
use serde_json::Value;

use super::rank::{P_0_001, median, z};
use crate::end_to_end::home::Server;

/// A question that is asked again and again.
pub(super) struct Question {
    /// What is asked.
    pub(super) name: &'static str,
    /// The route.
    pub(super) path: &'static str,
    /// The body of the n-th time.
    pub(super) body: Box<dyn Fn(usize) -> Value + Send + Sync>,
    /// What each time is answered.
    pub(super) status: u16,
    /// Waited before each answer counts as there, for a test of the method itself.
    pub(super) handicap: Duration,
}

impl Question {
    pub(super) fn new(
        name: &'static str,
        (path, status): (&'static str, u16),
        body: impl Fn(usize) -> Value + Send + Sync + 'static,
    ) -> Self {
        Self { name, path, body: Box::new(body), status, handicap: Duration::ZERO }
    }
}

/// What two questions differ by.
#[derive(Debug)]
pub(super) struct Difference {
    pub(super) between: (&'static str, &'static str),
    pub(super) z: f64,
}

/// How often, and over how many connections at once, questions are asked.
#[derive(Clone, Copy)]
pub(super) struct Plan {
    pub(super) samples: usize,
    /// One, unless answers wait for a beat: then more disturb nothing, and a run ends sooner.
    pub(super) lines: usize,
}

/// Asks all questions in random order and compares each with each.
pub(super) fn compare(server: &Server, questions: &[Question], plan: Plan, run: usize) -> Vec<Difference> {
    let rounds = plan.samples.div_ceil(plan.lines);
    let lines: Vec<_> = std::thread::scope(|scope| {
        let line = |number| scope.spawn(move || ask_all(server, questions, rounds, run * plan.lines + number));
        let lines: Vec<_> = (0..plan.lines).map(line).collect();
        lines.into_iter().map(|line| line.join().unwrap()).collect()
    });
    let times: Vec<Vec<Duration>> =
        (0..questions.len()).map(|at| lines.iter().flat_map(|line| line[at].iter().copied()).collect()).collect();
    for (question, times) in questions.iter().zip(&times) {
        println!("  {:<40} median {:>9.1?} of {}", question.name, median(times), times.len());
    }
    let mut found = Vec::new();
    for (at, question) in questions.iter().enumerate() {
        for (other, theirs) in questions.iter().zip(&times).skip(at + 1) {
            let z = z(&times[at], theirs);
            if z.abs() > P_0_001 {
                println!("  {} and {} differ: z = {z:.2}", question.name, other.name);
                found.push(Difference { between: (question.name, other.name), z });
            }
        }
    }
    found
}

/// The times of each question over one connection.
fn ask_all(server: &Server, questions: &[Question], rounds: usize, number: usize) -> Vec<Vec<Duration>> {
    let mut line = Line::to(server);
    let dice = SeededEntropy::new(u64::try_from(number).unwrap());
    let mut times: Vec<Vec<Duration>> = questions.iter().map(|_| Vec::with_capacity(rounds)).collect();
    // Connections, caches and prepared statements are there from then on.
    let warm_up = rounds / 20 + 2;
    for round in 0..warm_up + rounds {
        for at in shuffled(questions.len(), &dice) {
            let took = line.ask(&questions[at], number * 100_000 + round);
            if round >= warm_up {
                times[at].push(took);
            }
        }
    }
    times
}

fn shuffled(count: usize, dice: &SeededEntropy) -> Vec<usize> {
    let mut order: Vec<_> = (0..count).collect();
    order.sort_by_cached_key(|_| random::<8>(dice).unwrap());
    order
}

/// A connection that is kept.
struct Line {
    connection: TcpStream,
    buffer: Vec<u8>,
}

impl Line {
    fn to(server: &Server) -> Self {
        let connection = TcpStream::connect(server.url.trim_start_matches("http://")).unwrap();
        connection.set_nodelay(true).unwrap();
        connection.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        Self { connection, buffer: Vec::with_capacity(8 * 1024) }
    }

    /// From the request's last byte to the answer's last byte.
    fn ask(&mut self, question: &Question, n: usize) -> Duration {
        let body = (question.body)(n).to_string();
        let (path, length) = (question.path, body.len());
        let head = "host: x\r\ncontent-type: application/json";
        let request = format!("POST {path} HTTP/1.1\r\n{head}\r\ncontent-length: {length}\r\n\r\n{body}");
        let started = Instant::now();
        self.connection.write_all(request.as_bytes()).unwrap();
        let answer = self.answer();
        if !question.handicap.is_zero() {
            std::thread::sleep(question.handicap);
        }
        let took = started.elapsed();
        let text = String::from_utf8_lossy(answer);
        assert_eq!(text.get(9..12), Some(question.status.to_string().as_str()), "{}: {text}", question.name);
        took
    }

    fn answer(&mut self) -> &[u8] {
        self.buffer.clear();
        loop {
            let mut piece = [0; 4096];
            let read = self.connection.read(&mut piece).unwrap();
            assert!(read > 0, "the connection ended: {}", String::from_utf8_lossy(&self.buffer));
            self.buffer.extend_from_slice(&piece[..read]);
            if is_whole(&self.buffer) {
                return &self.buffer;
            }
        }
    }
}

/// Whether an answer and its body are there.
fn is_whole(answer: &[u8]) -> bool {
    let Some(head) = answer.windows(4).position(|four| four == b"\r\n\r\n") else { return false };
    let text = std::str::from_utf8(&answer[..head]).unwrap().to_ascii_lowercase();
    let length = text
        .split("\r\n")
        .find_map(|line| line.strip_prefix("content-length: "))
        .map_or(0, |length| length.parse::<usize>().unwrap());
    answer.len() >= head + 4 + length
}
