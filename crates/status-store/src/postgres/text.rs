//! Text that PostgreSQL cannot hold as it is.
//!
//! A PostgreSQL text has no NUL character, but what callers and upstreams send may. One such value would have
//! the server refuse the whole batch it is part of. It is written as DLE (U+0010) and `0`, and DLE itself as
//! DLE and `D`; all other text stands as it is.

use std::borrow::Cow;

const NUL: char = '\0';
const DLE: char = '\u{10}';

/// The text to write.
pub(super) fn escape(text: &str) -> Cow<'_, str> {
    if !text.contains([NUL, DLE]) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        match character {
            NUL => escaped.extend([DLE, '0']),
            DLE => escaped.extend([DLE, 'D']),
            other => escaped.push(other),
        }
    }
    Cow::Owned(escaped)
}

/// The text that was written; `None` if it is not one that [`escape`] makes.
pub(super) fn unescape(text: &str) -> Option<Cow<'_, str>> {
    if !text.contains(DLE) {
        return Some(Cow::Borrowed(text));
    }
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        plain.push(match character {
            DLE => match characters.next()? {
                '0' => NUL,
                'D' => DLE,
                _ => return None,
            },
            other => other,
        });
    }
    Some(Cow::Owned(plain))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_text_comes_back_and_is_written_without_nul(
            text in "([\u{0}\u{10}0D]|\\PC){0,12}"
        ) {
            let escaped = escape(&text);
            prop_assert!(!escaped.contains(NUL));
            prop_assert_eq!(unescape(&escaped), Some(Cow::Borrowed(&*text)));
        }
    }

    #[test]
    fn what_was_not_written_by_this_program_is_not_guessed_at() {
        assert_eq!(unescape("a\u{10}"), None);
        assert_eq!(unescape("a\u{10}x"), None);
    }
}
