//! When and how often a request is repeated.

use std::time::Duration;

use aws_lc_rs::rand;

/// How often, and with which pauses.
#[derive(Clone, Copy, Debug)]
pub struct RetryPolicy {
    /// At most so many attempts; 1 repeats nothing.
    pub attempts: u32,
    /// The first pause is at most so long; each further one twice as long.
    pub base: Duration,
    /// No pause is longer, unless the service asked for it.
    pub longest: Duration,
    /// A service that asks for a longer pause than this is not waited for.
    pub patience: Duration,
}

impl Default for RetryPolicy {
    /// Bridges a restart of the service: about half a minute in all.
    fn default() -> Self {
        Self { attempts: 8, base: Duration::from_millis(200), longest: Duration::from_secs(10), patience: Duration::from_secs(60) }
    }
}

impl RetryPolicy {
    /// The pause after failed attempt number `attempt` (from 1), or `None` to give up. `share`, from 0 to 255, spreads
    /// the pauses of many clients.
    #[must_use]
    pub fn pause(&self, attempt: u32, retry_after: Option<Duration>, share: u8) -> Option<Duration> {
        if attempt >= self.attempts {
            return None;
        }
        let ceiling = self.base.saturating_mul(1 << (attempt - 1).min(16)).min(self.longest);
        // Half fixed, half by chance: never at once, and never all together.
        let jittered = ceiling / 2 + (ceiling / 2).mul_f64(f64::from(share) / 255.0);
        match retry_after {
            Some(asked) if asked > self.patience => None,
            Some(asked) => Some(asked + jittered.min(Duration::from_secs(1))),
            None => Some(jittered),
        }
    }

    pub(crate) fn next(&self, attempt: u32, retry_after: Option<Duration>) -> Option<Duration> {
        let mut share = [0_u8; 1];
        // Without randomness the pauses are only less spread.
        let _ = rand::fill(&mut share);
        self.pause(attempt, retry_after, share[0])
    }
}

/// Reads `Retry-After`: seconds or an HTTP date.
pub(crate) fn retry_after(headers: &http::HeaderMap) -> Option<Duration> {
    let text = headers.get(http::header::RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let date = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
    Some(Duration::try_from(date.duration_since(crate::clock::now())).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_stay_below_the_longest() {
        let policy = RetryPolicy::default();
        let pauses: Vec<_> = (1..8).map(|attempt| policy.pause(attempt, None, 255).expect("another attempt").as_millis()).collect();
        assert_eq!(pauses, [200, 400, 800, 1600, 3200, 6400, 10_000]);
        assert_eq!(policy.pause(1, None, 0), Some(Duration::from_millis(100)));
    }

    #[test]
    fn gives_up_after_the_last_attempt_and_when_asked_to_wait_too_long() {
        let policy = RetryPolicy::default();
        assert_eq!(policy.pause(8, None, 0), None);
        assert_eq!(policy.pause(1, Some(Duration::from_secs(61)), 0), None);
    }

    #[test]
    fn waits_at_least_as_long_as_asked() {
        let pause = RetryPolicy::default().pause(1, Some(Duration::from_secs(7)), 0).expect("another attempt");
        assert!(pause >= Duration::from_secs(7));
    }

    #[test]
    fn reads_retry_after_as_seconds_and_as_a_date() {
        let mut headers = http::HeaderMap::new();
        headers.insert("retry-after", http::HeaderValue::from_static("3"));
        assert_eq!(retry_after(&headers), Some(Duration::from_secs(3)));
        headers.insert("retry-after", http::HeaderValue::from_static("Wed, 21 Oct 2015 07:28:00 GMT"));
        assert_eq!(retry_after(&headers), Some(Duration::ZERO));
        headers.insert("retry-after", http::HeaderValue::from_static("soon"));
        assert_eq!(retry_after(&headers), None);
    }
}
