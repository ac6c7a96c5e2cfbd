//! Growing pauses before something is tried again.

use std::time::Duration;

/// Pauses that double up to a limit, each shortened by up to a quarter at random, so that many clients do not
/// come back in one moment.
#[derive(Clone, Debug)]
pub(crate) struct Backoff {
    first: Duration,
    most: Duration,
    next: Duration,
}

impl Backoff {
    pub(crate) fn new(first: Duration, most: Duration) -> Self {
        Self { first, most, next: first }
    }

    /// It worked: the next pause is the first again.
    pub(crate) fn reset(&mut self) {
        self.next = self.first;
    }

    /// The next pause.
    pub(crate) fn next(&mut self) -> Duration {
        let pause = self.next.min(self.most);
        self.next = pause.saturating_mul(2);
        let mut random = [0_u8; 1];
        let _ = getrandom::fill(&mut random);
        let [random] = random;
        pause.saturating_sub(pause / 4 * u32::from(random) / 255)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_limit() {
        let mut backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(60));
        for most in [1, 2, 4, 8, 16, 32, 60, 60] {
            let pause = backoff.next();
            assert!(
                pause <= Duration::from_secs(most) && pause >= Duration::from_secs(most) * 3 / 4,
                "{pause:?}"
            );
        }
        backoff.reset();
        assert!(backoff.next() <= Duration::from_secs(1));
    }
}
