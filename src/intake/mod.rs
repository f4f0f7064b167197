//! Mail in: each new message's raw bytes, durable before anything is thought.

pub mod verify;
