//! Values of options: numbers, sizes and times, and what is wrong with others.

use std::num::IntErrorKind;
use std::time::Duration;

/// A whole number within these bounds.
pub(super) fn count(least: usize, most: usize) -> impl Fn(&str) -> Result<usize, String> + Clone {
    let range = match most {
        0..10_000 => format!("from {least} to {most}"),
        _ => format!("from {least} up"),
    };
    move |text| {
        let what = match text.parse::<usize>() {
            Ok(number) if number < least => "too small",
            Ok(number) if number <= most => return Ok(number),
            Ok(_) => "too large",
            Err(error) if *error.kind() == IntErrorKind::PosOverflow => "too large",
            Err(_) => match text.parse::<f64>() {
                Ok(number) if number < 0.0 => "less than 0",
                Ok(number) if number.is_finite() => "not a whole number",
                _ => "not a number",
            },
        };
        Err(format!("{what}: give a number {range}"))
    }
}

/// `1GiB`, `500MB`, `64k` or a number of bytes, at least [`MIN_KEEP`].
pub(super) fn size(text: &str) -> Result<u64, String> {
    let hint = "give a size such as 1GiB, 500MB or 1048576";
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let unit = match unit.trim().to_ascii_lowercase().as_str() {
        _ if number.is_empty() => return Err(format!("not a size: {hint}")),
        "" | "b" => 1,
        "kb" => 1000,
        "mb" => 1_000_000,
        "gb" => 1_000_000_000,
        "tb" => 1_000_000_000_000,
        "k" | "kib" => 1 << 10,
        "m" | "mib" => 1 << 20,
        "g" | "gib" => 1 << 30,
        "t" | "tib" => 1 << 40,
        unit => return Err(format!("{unit:?} is no unit: {hint}")),
    };
    let size = number
        .parse()
        .ok()
        .and_then(|number: u64| number.checked_mul(unit));
    match size {
        Some(size) if size >= MIN_KEEP => Ok(size),
        Some(1) => Err(format!(
            "that is 1 byte, and at least 128KiB are kept: {hint}"
        )),
        Some(size) => Err(format!(
            "that is {size} bytes, and at least 128KiB are kept: {hint}"
        )),
        None => Err(format!("too large: {hint}")),
    }
}

/// `60`, `0.5` or `60s`.
pub(super) fn seconds(text: &str) -> Result<Duration, String> {
    match seconds_or_0(text) {
        Ok(Duration::ZERO) => Err("too short: give a number of seconds above 0".to_owned()),
        result => result,
    }
}

/// The same, or 0.
pub(super) fn seconds_or_0(text: &str) -> Result<Duration, String> {
    let number = text.strip_suffix('s').unwrap_or(text);
    let what = match number.parse() {
        Ok(seconds) if seconds < 0.0 => "less than 0",
        Ok(seconds) if seconds > MAX_SECONDS as f64 => "too long",
        Ok(seconds) => match Duration::try_from_secs_f64(seconds) {
            Ok(duration) => return Ok(duration),
            Err(_) => "not a number",
        },
        Err(_) => "not a number",
    };
    Err(format!(
        "{what}: give a number of seconds such as 60 or 0.5, at most {MAX_SECONDS}"
    ))
}

/// The smallest history.
pub(super) const MIN_KEEP: u64 = 128 * 1024;

/// A day.
const MAX_SECONDS: u64 = 24 * 60 * 60;
