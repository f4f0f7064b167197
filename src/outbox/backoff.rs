//! When a letter is tried again (RFC 5321 §4.5.4.1, R16).

use std::time::Duration;

const FIRST_SECONDS: u64 = 60;
const LAST_SECONDS: u64 = 4 * 3600;

/// The wait after the `attempt`-th attempt, counted from 1: one minute, doubling up to four hours, and up to a
/// quarter more so that letters which failed together do not come back together. The same arguments give the
/// same wait. In five days that is about 36 attempts.
#[must_use]
pub fn backoff(attempt: u32, jitter_seed: u64) -> Duration {
    let doublings = attempt.saturating_sub(1).min(16);
    let seconds = (FIRST_SECONDS << doublings).min(LAST_SECONDS);
    let quarter = seconds * 250;
    Duration::from_millis(seconds * 1000 + mix(jitter_seed ^ u64::from(attempt)) % (quarter + 1))
}

/// SplitMix64's last step: neighbouring seeds give waits that have nothing in common.
const fn mix(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r16_waits_rise_from_a_minute_to_four_hours() {
        let least = [60, 120, 240, 480, 960, 1920, 3840, 7680, 14_400, 14_400, 14_400];
        for (attempt, least) in (1..).zip(least) {
            for seed in 0..500 {
                let wait = backoff(attempt, seed).as_secs_f64();
                assert!((f64::from(least)..=f64::from(least) * 1.25).contains(&wait), "{attempt}: {wait}");
            }
        }
        assert!(backoff(0, 1) >= Duration::from_secs(60));
        assert!(backoff(u32::MAX, u64::MAX) <= Duration::from_secs(5 * 3600));
        assert_eq!(backoff(3, 7), backoff(3, 7));
    }

    #[test]
    fn r16_letters_that_failed_together_do_not_come_back_together() {
        let mut waits: Vec<Duration> = (0..100).map(|letter| backoff(1, letter)).collect();
        waits.sort();
        waits.dedup();
        assert!(waits.len() > 95);
    }

    #[test]
    fn r16_five_days_hold_about_36_attempts() {
        let five_days = Duration::from_secs(5 * 24 * 3600);
        let mut at = Duration::ZERO;
        let attempts = (1..).take_while(|attempt| {
            at += backoff(*attempt, 42);
            at < five_days
        });
        assert!((30..45).contains(&attempts.count()));
    }
}
