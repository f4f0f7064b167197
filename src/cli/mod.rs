//! The command line's own doors: what a person or a script asks of rightsd without the daemon.

pub mod classify;
