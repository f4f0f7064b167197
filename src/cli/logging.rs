//! Where the log goes, and what may never be in it.

use tracing_subscriber::Layer;
use tracing_subscriber::filter::{EnvFilter, LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Starts logging: to journald when systemd started us, else to standard error.
pub(super) fn start() {
    let wanted = EnvFilter::builder().with_default_directive(LevelFilter::INFO.into()).from_env_lossy();
    // Whatever RUST_LOG says: the mail libraries print passwords and mails below these levels (T55).
    let never = Targets::new()
        .with_default(LevelFilter::TRACE)
        .with_target("async_imap", LevelFilter::OFF)
        .with_target("imap_proto", LevelFilter::OFF)
        .with_target("lettre", LevelFilter::OFF)
        .with_target("mail_auth", LevelFilter::OFF)
        .with_target("hickory", LevelFilter::OFF)
        .with_target("html5ever", LevelFilter::OFF)
        .with_target("html2text", LevelFilter::OFF)
        .with_target("rustls", LevelFilter::WARN)
        .with_target("hyper", LevelFilter::WARN);
    let registry = tracing_subscriber::registry().with(wanted).with(never);
    let under_systemd = std::env::var_os("JOURNAL_STREAM").is_some();
    match tracing_journald::layer() {
        Ok(journal) if under_systemd => registry.with(journal).init(),
        _ => registry.with(tracing_subscriber::fmt::layer().with_writer(std::io::stderr).boxed()).init(),
    }
}
