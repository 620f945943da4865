//! Records of the stream that several servers share, where any program may have written: a
//! record is read, or is none; and one that is read is written so that all read the same.
#![no_main]

use chat_server::sequencer::stream::record::Record;
use chat_server::sequencer::stream::servers::Servers;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(record) = Record::parse(bytes) {
        let again = Record::parse(&record.to_bytes());
        assert_eq!(again, Ok(record));
    }
    // A stream of them, one a line: two servers make the same of it.
    let [mut one, mut other] = [Servers::default(), Servers::default()];
    for (number, line) in (1..).zip(bytes.split(|byte| *byte == b'\n')) {
        let taken = one.take(number, line);
        assert_eq!(taken, other.take(number, line));
        assert_eq!(one, other);
    }
});
