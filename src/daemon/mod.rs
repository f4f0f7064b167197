//! Wires the rooms: one loop per mailbox, one that understands, one that sends, one that watches the clock, and
//! the page when there is one. Every loop may be killed at any step; the store says what was done.
//!
//! The order of one mail's way is in `process.rs`; nothing else here decides anything.

mod clockwork;
mod dispatch;
mod lifecycle;
mod office;
mod page;

mod process;
mod templates;

pub use lifecycle::{OnceSummary, load_templates, open_office, run, run_once, serve};
pub use office::{Office, bounds, own_phrases};
