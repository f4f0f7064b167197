//! Named points at which the crash test kills the program. Only debug builds look at them; in a release build
//! [`reach`] is nothing.

/// The steps between which a crash must lose and double nothing, in the order of one mail's way.
pub const POINTS: [&str; 7] = [
    "mails-stored",
    "mails-taken",
    "mails-understood",
    "mails-settled",
    "letters-claimed",
    "letters-sent",
    "letters-settled",
];

/// Kills the process with SIGKILL where `RIGHTSD_FAIL_POINT=<name>:<n>` names this point and it is reached for the
/// n-th time.
#[cfg(debug_assertions)]
pub fn reach(point: &'static str) {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU32, Ordering};
    static WANTED: OnceLock<Option<(String, u32)>> = OnceLock::new();
    static REACHED: AtomicU32 = AtomicU32::new(0);
    let wanted = WANTED.get_or_init(|| {
        let text = std::env::var("RIGHTSD_FAIL_POINT").ok()?;
        let (name, number) = text.split_once(':')?;
        Some((name.to_owned(), number.parse().ok()?))
    });
    if let Some((name, number)) = wanted
        && name == point
        && REACHED.fetch_add(1, Ordering::SeqCst) + 1 == *number
    {
        // Nothing is unwound, flushed or closed: as if the power of the process were cut.
        let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
    }
}

/// Nothing.
#[cfg(not(debug_assertions))]
pub const fn reach(_: &'static str) {}
