//! The time that a wrong password takes says nothing of the right one.
//!
//! A peer knows what it says, so the time may depend on that, and must not depend on the
//! password of the room. So each guess is tried against two passwords: the room's, to which
//! the guess is close, and one with which it has nothing in common. The samples of all
//! pairs are taken in random order, and those of each pair are compared by Welch's t-test.

use std::hint::black_box;
use std::time::{Duration, Instant};

use chat_testkit::Random;

use super::*;

/// Guesses that a comparison from the left would tell apart, for the password of the room.
fn guesses(password: &str) -> [(&'static str, Password); 5] {
    let (first, last) = (&password[1..], &password[..password.len() - 1]);
    [
        ("wrong first byte", format!("!{first}")),
        ("wrong last byte", format!("{last}!")),
        ("right prefix", password[..password.len() / 2].to_owned()),
        ("empty", String::new()),
        ("too long", format!("{password}!")),
    ]
    .map(|(name, said)| (name, Password::said(&said)))
}

/// One way to tell whether a guess is the password: what it keeps of a password, and how
/// it compares.
struct Check<T> {
    keep: fn(&Password) -> T,
    is_of: fn(&T, &Password) -> bool,
}

const OURS: Check<PasswordHash> = Check {
    keep: PasswordHash::of,
    is_of: PasswordHash::is_of,
};

/// Compares the texts, and stops where they differ.
const NAIVE: Check<Password> = Check {
    keep: Password::clone,
    is_of: |password, said| password.as_str() == said.as_str(),
};

/// The guess of which the time tells most about the password, and Welch's t for it.
fn worst<T: Clone>(check: &Check<T>, random: &mut Random) -> (&'static str, f64) {
    // As long as it can be, for a leak that grows with the length.
    let password = "correct horse ".repeat(MAX_PASSWORD);
    let password = &password[..MAX_PASSWORD];
    let room = Password::said(password);
    let other = Password::said(&"\u{1}".repeat(password.len()));
    let kept = [&room, &other].map(check.keep);
    let guesses = guesses(password);
    let mut order: Vec<(usize, usize)> = (0..SAMPLES)
        .flat_map(|_| (0..guesses.len()).flat_map(|guess| [(guess, 0), (guess, 1)]))
        .collect();
    for place in (1..order.len()).rev() {
        order.swap(place, random.within(0..place as u64 + 1) as usize);
    }
    let mut samples = vec![[Vec::new(), Vec::new()]; guesses.len()];
    // Both passwords lie in the same place, or the cache could tell them apart.
    let mut slot = kept[0].clone();
    for (guess, against) in order {
        slot.clone_from(&kept[against]);
        let said = &guesses[guess].1;
        let begun = Instant::now();
        for _ in 0..CALLS {
            assert!(!(check.is_of)(black_box(&slot), black_box(said)));
        }
        samples[guess][against].push(begun.elapsed());
    }
    let named = guesses.iter().map(|(name, _)| *name);
    let with_t = named.zip(samples.iter().map(|pair| welch(pair).abs()));
    let worst = with_t.max_by(|(_, one), (_, other)| one.total_cmp(other));
    worst.expect("there are guesses")
}

/// Welch's t for the times of a pair. The slowest tenth of all is left out: that is what
/// else the system did.
fn welch(pair: &[Vec<Duration>; 2]) -> f64 {
    let mut all: Vec<Duration> = pair.iter().flatten().copied().collect();
    all.sort_unstable();
    let limit = all[all.len() * 9 / 10];
    let [one, other] = pair.each_ref().map(|times| {
        let times = times.iter().filter(|&&time| time <= limit);
        let times: Vec<f64> = times.map(|time| time.as_nanos() as f64).collect();
        let count = times.len() as f64;
        let mean = times.iter().sum::<f64>() / count;
        let squares = times.iter().map(|time| (time - mean).powi(2));
        (mean, squares.sum::<f64>() / (count - 1.0) / count)
    });
    (one.0 - other.0) / (one.1 + other.1).sqrt().max(f64::MIN_POSITIVE)
}

/// What other programs do can make one run wrong. A leak is there in each.
#[test]
fn the_time_of_a_wrong_password_says_nothing_of_the_right_one() {
    let mut random = Random::of_test();
    let mut runs = (0..RUNS).map(|_| worst(&OURS, &mut random));
    let mut seen = Vec::new();
    let is_quiet = runs.any(|(guess, t)| {
        seen.push((guess, t));
        t < LIMIT
    });
    println!("{seen:?}");
    assert!(is_quiet, "the time tells of the password: {seen:?}");
}

/// The measurement finds what it looks for, in each run.
#[test]
fn the_time_of_a_naive_comparison_tells_of_the_password() {
    let mut random = Random::of_test();
    for _ in 0..RUNS {
        let (guess, t) = worst(&NAIVE, &mut random);
        println!("{guess}: {t}");
        assert!(t > LIMIT, "{guess}: {t}");
    }
}

/// Samples of each guess against each password.
const SAMPLES: usize = 10_000;

/// Comparisons in one sample.
const CALLS: usize = 8;

const RUNS: usize = 3;

/// What the two sides of a pair must not exceed; by chance they do so once in a hundred
/// thousand times.
const LIMIT: f64 = 4.5;
