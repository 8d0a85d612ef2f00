//! Keeping the history tamper-evident: the key that signs checkpoints, the export, and verifying either.
//!
//! What is hashed and how, and what is found, is in [`status_store::audit`].

pub mod export;
pub mod file;
pub mod keys;
pub mod line;
#[cfg(test)]
mod tests;
