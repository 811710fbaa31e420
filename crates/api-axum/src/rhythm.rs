//! When answers leave that must not tell by their time what they do not say.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// Longer than the work of such an answer usually takes, and too short for a person to notice.
const BEAT: Duration = Duration::from_millis(100);

/// Counts from when a request was read whole. An answer that rests leaves at a multiple of a tenth of a second after that, whatever
/// it took to find it: work that takes 2 ms or 3 cannot be told apart. While it rests it holds its connection, and nothing else.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rhythm(Instant);

impl Rhythm {
    /// Begins to count.
    pub(crate) fn begin() -> Self {
        Self(Instant::now())
    }

    /// Waits for the next beat.
    pub(crate) async fn rest(self) {
        let whole = self.0.elapsed().as_millis() / BEAT.as_millis();
        let beats = u32::try_from(whole).unwrap_or(u32::MAX).saturating_add(1);
        sleep_until(self.0 + BEAT.saturating_mul(beats)).await;
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::sleep;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn an_answer_leaves_at_the_next_beat() {
        for (work, leaves) in [(0, 100), (3, 100), (99, 100), (100, 200), (101, 200), (1_234, 1_300)] {
            let started = Instant::now();
            let rhythm = Rhythm::begin();
            sleep(Duration::from_millis(work)).await;
            rhythm.rest().await;
            assert_eq!(started.elapsed(), Duration::from_millis(leaves), "{work}");
        }
    }
}
