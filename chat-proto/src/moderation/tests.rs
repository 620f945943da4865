use std::net::IpAddr;
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::identity::{Fingerprint, KeyId, Tag};

proptest! {
    /// Beside the bits of the addresses.
    #[test]
    fn a_network_holds_the_addresses_that_begin_alike(
        [one, other] in any::<[IpAddr; 2]>(),
        prefix in 0u8..=128,
    ) {
        let bits = |address: IpAddr| match address.to_canonical() {
            IpAddr::V4(address) => (32, u128::from(address.to_bits()) << 96),
            IpAddr::V6(address) => (128, address.to_bits()),
        };
        let ((length, first), (others, second)) = (bits(one), bits(other));
        let Some(network) = Network::new(one, prefix) else {
            prop_assert!(prefix > length);
            return Ok(());
        };
        let alike = (first ^ second).leading_zeros() >= u32::from(prefix);
        prop_assert_eq!(network.contains(other), length == others && alike);
        prop_assert!(network.contains(one));
        prop_assert_eq!(network.to_string().parse(), Ok(network));
    }

    #[test]
    fn a_term_is_read_as_it_is_written(seconds in 1u64..10_000_000) {
        let term = Term::For(Duration::from_secs(seconds));
        prop_assert_eq!(term.to_string().parse(), Ok(term));
    }
}

#[test]
fn networks_have_their_usual_prefix() {
    for (text, shown) in [
        ("192.0.2.7", "192.0.2.7"),
        ("192.0.2.7/24", "192.0.2.0/24"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8::1", "2001:db8::/64"),
        ("2001:db8::1/128", "2001:db8::1/128"),
        ("0.0.0.0/0", "0.0.0.0/0"),
    ] {
        let network: Network = text.parse().unwrap();
        assert_eq!(network.to_string(), shown);
    }
    for text in [
        "192.0.2.7/33",
        "192.0.2/24",
        "192.0.2.7/+8",
        "ann",
        "192.0.2.7:5000",
        "::/129",
    ] {
        assert_eq!(text.parse::<Network>(), Err(()), "{text}");
    }
}

#[test]
fn terms_are_what_people_write() {
    let seconds = |seconds| Some(Term::For(Duration::from_secs(seconds)));
    for (text, term) in [
        ("45s", seconds(45)),
        ("30m", seconds(1800)),
        ("30min", seconds(1800)),
        ("2h", seconds(7200)),
        ("7d", seconds(604_800)),
        ("2w", seconds(1_209_600)),
        ("forever", Some(Term::Forever)),
        ("0m", None),
        ("30", None),
        ("m", None),
        ("-1m", None),
        ("1.5h", None),
        ("99999999999999999999d", None),
        ("9999999999w", None),
        ("1y", None),
        ("2hours", None),
        ("flooding", None),
    ] {
        assert_eq!(text.parse().ok(), term, "{text}");
    }
}

#[test]
fn what_is_no_address_and_no_key_is_a_name() {
    let key = Fingerprint::of_digest([7; 32]);
    for (text, target) in [
        (format!("key:{key}"), Target::Subject(Subject::Key(key))),
        (
            format!("key:{key}").replace("SHA256:", ""),
            Target::Subject(Subject::Key(key)),
        ),
        (format!("key:{}", key.id()), Target::Key(key.id())),
        (
            "program:00000000000000ff".to_owned(),
            Target::Subject(Subject::Program(Tag::new(255))),
        ),
        (
            "guests:10.0.0.0/8".to_owned(),
            Target::Subject(Subject::Guests("10.0.0.0/8".parse().unwrap())),
        ),
        (
            "10.0.0.1".to_owned(),
            Target::Subject(Subject::Network("10.0.0.1".parse().unwrap())),
        ),
        ("ann".to_owned(), Target::Name("ann".to_owned())),
        (
            "127.0.0.1:39339".to_owned(),
            Target::Name("127.0.0.1:39339".to_owned()),
        ),
        ("key:x".to_owned(), Target::Name("key:x".to_owned())),
    ] {
        assert_eq!(Target::parse(&text), target);
        assert_eq!(Target::parse(&target.to_string()), target);
    }
    assert_eq!(KeyId::parse("x"), None);
}

#[test]
fn a_remark_is_one_short_line() {
    let remark = |text: &str| Remark::new(text).map(|remark| remark.to_string());
    assert_eq!(remark(" a\nb \t c\u{1b}[2J "), Ok("a b c".to_owned()));
    assert_eq!(remark("\u{200b} \n"), Err(RemarkError::Empty));
    assert!(remark(&"x".repeat(Remark::MAX_BYTES)).is_ok());
    let long = "x".repeat(Remark::MAX_BYTES + 1);
    assert_eq!(remark(&long), Err(RemarkError::TooLong));
    // What a remark is stays one.
    let twice = remark("a\u{7f} b").unwrap();
    assert_eq!(remark(&twice), Ok(twice));
}

#[test]
fn times_are_told_in_words() {
    let words = |seconds| in_words(Duration::from_secs(seconds));
    for (seconds, expected) in [
        (1, "1 s"),
        (90, "90 s"),
        (600, "10 min"),
        (7200, "2 h"),
        (60, "1 min"),
        (3600, "1 h"),
        (5400, "90 min"),
        (86_400, "1 day"),
        (100_000, "28 h"),
        (604_800, "7 days"),
    ] {
        assert_eq!(words(seconds), expected);
    }
}
