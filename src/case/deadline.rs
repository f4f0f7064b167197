//! The legal clock (law.md §2).
