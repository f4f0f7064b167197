//! Who is asking: evidence that came with a mail, and the confirmation that only the owner of the address
//! can give.
//!
//! Nothing that a mail claims about itself grants anything (T1). This room never asks the network: what
//! needed it was looked up by `intake` and came along as a value.
//!
//! - [`authentication_results`] reads the verdict of the company's own mail server (RFC 8601, T6).
//! - [`OwnCheck`] is what our own look at the signatures said when the mail came in (RFC 6376, RFC 9989).
//! - [`weigh`] makes one [`Evidence`] of both. It is a hint: never a ground to ignore an opt-out (law.md §3.3).
//! - [`answer_tokens`] finds in a mail what may come from a letter of ours; [`takes_back`] reads the one word that
//!   takes an opt-out back.
//! - [`Token`] and [`Code`] are what a letter carries so that its answer can be trusted (T15).

mod authres;
mod confirmation;
mod evidence;
mod token;

pub use authres::{NO_AUTHSERV_ID, Verdict, authentication_results};
pub use confirmation::{answer_tokens, bounce_tokens, takes_back};
pub use evidence::{Authentication, Evidence, Method, OwnCheck, Source, governs, weigh};
pub use token::{Code, Token};
