//! The writer and what it drives, from a seed: a record in memory, upstreams that fail in every way, a
//! clock that jumps, a process that dies. Thousands of short lives, each one repeatable by its number.

mod actors;
mod life;
mod memory;
mod world;

use self::life::Life;

/// Lives in an ordinary run of the tests.
const LIVES: u64 = 2_000;

#[test]
fn whatever_fails_nothing_accepted_is_lost_or_sent_out_of_order() {
    for seed in 0..LIVES {
        Life::new(seed).live();
    }
}
