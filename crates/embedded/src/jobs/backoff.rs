//! How long a failed job waits before its next attempt.

use std::time::Duration;

use domain::ports::Ids;

const SHORTEST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(15 * 60);

/// Threefold by attempt from one second on, give or take a quarter, so that what failed together does not come back
/// together. Eight attempts span about 18 minutes: longer than a restart of a backend.
pub(super) fn after(attempts: u32, ids: &dyn Ids) -> Duration {
    let base = 3_u32.checked_pow(attempts.saturating_sub(1)).map_or(LONGEST, |factor| SHORTEST.saturating_mul(factor).min(LONGEST));
    let mut random = [0_u8; 2];
    ids.random(&mut random);
    let share = 0.75 + f64::from(u16::from_le_bytes(random)) / f64::from(u16::MAX) / 2.0;
    base.mul_f64(share).clamp(SHORTEST, LONGEST)
}

#[cfg(test)]
mod tests {
    use testkit::SequentialIds;

    use super::*;

    #[test]
    fn it_grows_from_a_second_to_fifteen_minutes() {
        let ids = SequentialIds::default();
        for attempts in 1..=100 {
            let wait = after(attempts, &ids);
            assert!((SHORTEST..=LONGEST).contains(&wait), "{attempts}: {wait:?}");
        }
        assert!(after(1, &ids) < Duration::from_secs(2));
        assert!(after(4, &ids) > Duration::from_secs(15));
        assert!(after(100, &ids) > Duration::from_secs(600));
    }

    #[test]
    fn jobs_that_failed_together_come_back_apart() {
        let ids = SequentialIds::default();
        let waits: std::collections::BTreeSet<Duration> = (0..10).map(|_| after(5, &ids)).collect();
        assert!(waits.len() > 5);
    }
}
