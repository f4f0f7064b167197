//! Who is asking: evidence that came with a mail, and the confirmation that only the owner of the address
//! can give.
//!
//! Nothing that a mail claims about itself grants anything (T1). This room never asks the network: what
//! needed it was looked up by `intake` and came along as a value.

mod token;

pub use token::{Code, Token};
