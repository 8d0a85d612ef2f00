//! Access tokens: issued, checked, forgotten.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Above this many live tokens the expired ones are swept out.
const SWEEP_AT: usize = 1_024;

/// The tokens one simulator has issued. They are opaque: 64 random hexadecimal digits.
pub(crate) struct Tokens {
    lifetime: Duration,
    until: Mutex<HashMap<String, Instant>>,
}

impl Tokens {
    pub(crate) fn new(lifetime: Duration) -> Self {
        Self { lifetime, until: Mutex::default() }
    }

    pub(crate) fn lifetime_s(&self) -> u64 {
        self.lifetime.as_secs()
    }

    /// A fresh token; `None` if the system has no randomness to give.
    pub(crate) fn issue(&self) -> Option<String> {
        let token = random_hex::<32>()?;
        let now = Instant::now();
        let mut until = self.until.lock().unwrap_or_else(PoisonError::into_inner);
        if until.len() >= SWEEP_AT {
            until.retain(|_, expires_at| *expires_at > now);
        }
        until.insert(token.clone(), now + self.lifetime);
        Some(token)
    }

    pub(crate) fn accepts(&self, token: &str) -> bool {
        let until = self.until.lock().unwrap_or_else(PoisonError::into_inner);
        until.get(token).is_some_and(|expires_at| *expires_at > Instant::now())
    }

    /// Makes every token issued so far invalid.
    pub(crate) fn forget(&self) {
        self.until.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

/// `N` random bytes in hexadecimal digits.
pub(crate) fn random_hex<const N: usize>() -> Option<String> {
    let mut bytes = [0_u8; N];
    aws_lc_rs::rand::fill(&mut bytes).ok()?;
    let mut text = String::with_capacity(2 * N);
    for byte in bytes {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    Some(text)
}
