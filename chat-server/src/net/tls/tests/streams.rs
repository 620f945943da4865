//! Encrypted connections whose handshake is done.

use std::io::{ErrorKind, IoSlice, Read, Write};
use std::net::Shutdown;
use std::thread;
use std::time::Duration;

use mio::{Events, Poll};
use proptest::prelude::*;
use rustls::crypto::CryptoProvider;
use rustls::crypto::cipher::{MessageEncrypter, OutboundChunks, OutboundPlainMessage};
use rustls::{
    CipherSuiteCommon, ConnectionTrafficSecrets, ContentType, ProtocolVersion, Tls13CipherSuite,
};

use crate::net::tls::testing::*;
use crate::net::tls::{Handshake, Progress, TlsConfig, TlsStream, provider};
use crate::net::transport::{Received, Transport};

/// Bytes that tell where they are.
fn bytes(count: usize) -> Vec<u8> {
    let words = (0u32..).flat_map(u32::to_be_bytes);
    words.take(count).collect()
}

#[test]
fn all_sizes_go_both_ways() {
    let (mut stream, mut client) = connected();
    for size in [1, 2, 100, 13_312, 13_313, 16_384, 16_385, 60_000] {
        let all = bytes(size);
        let mut heard = write_all(&mut stream, &mut client, &all);
        heard.extend(client.hear_exactly(size - heard.len()));
        assert!(heard == all, "{size} bytes to the client");
        for buffer in [1, 512, 16 * 1024] {
            let mut read = Vec::new();
            for piece in all.chunks(30_000) {
                client.say(piece);
                read.extend(read_exactly(&mut stream, piece.len(), buffer));
            }
            assert!(
                read == all,
                "{size} bytes from the client, {buffer} at a time"
            );
        }
    }
}

/// One write makes as many records as it takes, each as long as possible.
#[test]
fn slices_fill_records() {
    let (mut stream, mut client) = connected();
    let all = bytes(20_000);
    let slices: Vec<IoSlice<'_>> = all.chunks(999).map(IoSlice::new).collect();
    assert_eq!(stream.write_slices(&slices).unwrap(), all.len());
    let lengths = [13 * 1024 + 22, 20_000 - 13 * 1024 + 22];
    let mut sent = vec![0; 64 * 1024];
    wait(|| {
        let count = client.socket.peek(&mut sent).ok();
        count.filter(|count| *count == lengths.iter().sum::<usize>())
    });
    assert_eq!(sent_records(&client), lengths);
    assert!(client.hear_exactly(all.len()) == all);
    assert!(matches!(stream.write_slices(&[]), Ok(0)));
}

#[test]
fn a_record_may_come_byte_by_byte() {
    let (mut stream, mut client) = connected();
    client.connection.writer().write_all(b"hello\n").unwrap();
    let mut buffer = [0; 100];
    let record = client.take_sent();
    for byte in &record[..record.len() - 1] {
        client.socket.write_all(&[*byte]).unwrap();
        let (said, end) = read_all(&mut stream, &mut buffer);
        assert_eq!(said, b"");
        assert_eq!(end.unwrap_err().kind(), ErrorKind::WouldBlock);
    }
    client
        .socket
        .write_all(&record[record.len() - 1..])
        .unwrap();
    assert_eq!(read_exactly(&mut stream, 6, 100), b"hello\n");
}

/// The poll tells of changes only: a read that says that the socket is drained and
/// leaves something there would never be followed by another one.
fn no_bytes_are_left_behind(pieces: &[usize], buffer: usize) {
    let (mut stream, mut client) = connected();
    let mut poll = Poll::new().unwrap();
    stream.register(poll.registry(), 1).unwrap();
    let total: usize = pieces.iter().sum();
    let all = bytes(total);
    let mut read = Vec::new();
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut left = &all[..];
            for &count in pieces {
                client.say(&left[..count]);
                left = &left[count..];
            }
        });
        let mut events = Events::with_capacity(8);
        let mut buffer = vec![0; buffer];
        while read.len() < total {
            let timeout = Some(Duration::from_secs(20));
            poll.poll(&mut events, timeout).unwrap();
            assert!(
                !events.is_empty(),
                "{} of {total} bytes were read",
                read.len()
            );
            let (bytes, end) = read_all(&mut stream, &mut buffer);
            read.extend(bytes);
            assert_eq!(end.unwrap_err().kind(), ErrorKind::WouldBlock);
        }
    });
    assert!(read == all);
}

#[test]
fn a_large_input_is_read_to_its_end() {
    no_bytes_are_left_behind(&[64 * 1024; 20], 16 * 1024);
    no_bytes_are_left_behind(&[16 * 1024; 20], 512);
    no_bytes_are_left_behind(&[1; 3000], 16 * 1024);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]
    #[test]
    fn an_input_in_any_pieces_is_read_to_its_end(
        pieces in prop::collection::vec(1..20_000usize, 1..30),
        buffer in 1..20_000usize,
    ) {
        no_bytes_are_left_behind(&pieces, buffer);
    }
}

/// What a client sends while it is not read from stays with the system.
#[test]
fn a_turn_reads_no_more_than_its_buffer() {
    let (mut stream, mut client) = connected();
    for piece in bytes(32_000).chunks(100) {
        client.say(piece);
    }
    let mut buffer = [0; 1000];
    let Received { count, is_drained } = wait(|| stream.read(&mut buffer).ok());
    assert!((800..=1000).contains(&count), "{count}");
    assert!(!is_drained);
}

/// What has come of a record can be seen, as it takes memory until the rest comes.
#[test]
fn the_beginning_of_a_record_is_counted() {
    let (mut stream, mut client) = connected();
    assert_eq!(stream.unready(), 0);
    client.connection.writer().write_all(&[b'x'; 900]).unwrap();
    let record = client.take_sent();
    let (first, last) = record.split_at(700);
    client.socket.write_all(first).unwrap();
    let mut buffer = [0; 1000];
    wait(|| {
        let read = stream.read(&mut buffer);
        assert_eq!(read.unwrap_err().kind(), ErrorKind::WouldBlock);
        (stream.unready() > 0).then_some(())
    });
    assert_eq!(stream.unready(), 700);
    client.socket.write_all(last).unwrap();
    assert_eq!(wait(|| stream.read(&mut buffer).ok()).count, 900);
    assert_eq!(stream.unready(), 0);
}

#[test]
fn an_end_without_a_word_is_an_end_and_ends_no_line() {
    let (mut stream, mut client) = connected();
    client.say(b"half a line");
    client
        .connection
        .writer()
        .write_all(b" and more\n")
        .unwrap();
    let record = client.take_sent();
    client
        .socket
        .write_all(&record[..record.len() - 1])
        .unwrap();
    client.socket.shutdown(Shutdown::Write).unwrap();
    let (all, end) = read_to_end(&mut stream, 100);
    assert_eq!(all, b"half a line");
    assert!(end.is_ok(), "{end:?}");
}

#[test]
fn who_says_that_nothing_follows_still_hears() {
    let (mut stream, mut client) = connected();
    client.say(b"bye\n");
    client.connection.send_close_notify();
    client.send();
    let (said, end) = read_to_end(&mut stream, 100);
    assert_eq!(said, b"bye\n");
    assert!(end.is_ok(), "{end:?}");
    assert_eq!(stream.write(b"goodbye\n").unwrap(), 8);
    assert_eq!(client.hear_exactly(8), b"goodbye\n");
}

/// The poll tells of both together, and not again.
#[test]
fn an_end_that_comes_with_data_is_read_on_for() {
    let (mut stream, mut client) = connected();
    client.connection.writer().write_all(b"bye\n").unwrap();
    client.connection.send_close_notify();
    let sent = client.take_sent();
    client.socket.write_all(&sent).unwrap();
    let received = wait(|| stream.read(&mut [0; 100]).ok());
    let is_drained = false;
    assert_eq!(
        received,
        Received {
            count: 4,
            is_drained
        }
    );
    let end = stream.read(&mut [0; 100]).unwrap();
    assert_eq!(end.count, 0);
}

/// A client that gets no close_notify takes it for cut off.
#[test]
fn our_end_is_told_behind_all_else() {
    let (mut stream, mut client) = connected();
    assert_eq!(stream.write(b"goodbye\n").unwrap(), 8);
    stream.shut().unwrap();
    // It is told once.
    stream.shut().unwrap();
    assert_eq!(stream.write(b"too late\n").unwrap(), 9);
    wait(|| (!client.go_on().unwrap()).then_some(()));
    let mut heard = String::new();
    client
        .connection
        .reader()
        .read_to_string(&mut heard)
        .unwrap();
    assert_eq!(heard, "goodbye\n");
}

#[test]
fn what_was_changed_on_the_way_is_refused_once() {
    let (mut stream, mut client) = connected();
    client.say(b"this is heard\n");
    client.socket.write_all(&[23, 3, 3, 0, 30]).unwrap();
    client.socket.write_all(&[7; 60]).unwrap();
    let (said, end) = read_to_end(&mut stream, 1000);
    assert_eq!(said, b"this is heard\n");
    assert_eq!(end.unwrap_err().kind(), ErrorKind::InvalidData);
    let again = stream.read(&mut [0; 10]).unwrap_err();
    assert_eq!(again.kind(), ErrorKind::InvalidData);
    let error = stream.write(b"no").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BrokenPipe);
    stream.shut().unwrap();
    let mut told = Vec::new();
    client.socket.set_nonblocking(false).unwrap();
    client.socket.read_to_end(&mut told).unwrap();
    assert_eq!(told.len(), 22 + 2, "one alert");
    client.connection.read_tls(&mut &told[..]).unwrap();
    let told = client.connection.process_new_packets().unwrap_err();
    let reason = rustls::AlertDescription::BadRecordMac;
    assert_eq!(told, rustls::Error::AlertReceived(reason));
}

/// A record has at least a tag, which proves that it was not changed.
#[test]
fn a_record_without_a_tag_is_refused() {
    for length in [0, 1, 15, 16] {
        let (mut stream, mut client) = connected();
        client.socket.write_all(&[23, 3, 3, 0, length]).unwrap();
        let bytes = vec![7; usize::from(length)];
        client.socket.write_all(&bytes).unwrap();
        let (said, end) = read_to_end(&mut stream, 1000);
        assert_eq!(said, b"");
        assert_eq!(end.unwrap_err().kind(), ErrorKind::InvalidData, "{length}");
    }
}

/// However much waits for a client that reads nothing, one record is kept.
#[test]
fn a_stopped_reader_costs_one_record() {
    let (mut stream, mut client) = connected();
    let all = bytes(1 << 20);
    let mut written = 0;
    // The socket holds less than that.
    while written < all.len() {
        match stream.write(&all[written..]) {
            Ok(count) => written += count,
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::WouldBlock);
                break;
            }
        }
        assert!(stream.kept() <= 13 * 1024 + 22, "{}", stream.kept());
    }
    assert!(stream.holds_back());
    // Our end waits as well, and comes behind it.
    let error = stream.shut().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WouldBlock);
    let mut heard = Vec::new();
    wait(|| {
        heard.extend(client.hear());
        stream.shut().ok()
    });
    assert!(!stream.holds_back());
    heard.extend(client.hear_exactly(written - heard.len()));
    assert!(heard == all[..written]);
    wait(|| (!client.go_on().unwrap()).then_some(()));
    assert!(matches!(client.connection.reader().read(&mut [0]), Ok(0)));
}

#[test]
fn the_client_may_change_its_keys() {
    let (mut stream, mut client) = connected();
    for round in 0..40 {
        client.connection.refresh_traffic_keys().unwrap();
        let line = format!("round {round}\n");
        client.say(line.as_bytes());
        assert_eq!(read_exactly(&mut stream, line.len(), 100), line.as_bytes());
        // Our keys change as well: the client has asked for that.
        let before = client.socket.peek(&mut [0; 100]).ok();
        assert_eq!(before, None);
        assert_eq!(stream.write(line.as_bytes()).unwrap(), line.len());
        assert_eq!(sent_records(&client), [KEY_UPDATE, 22 + line.len()]);
        assert_eq!(client.hear_exactly(line.len()), line.as_bytes());
    }
}

/// The lengths of the records that a client has not read yet.
fn sent_records(client: &Client) -> Vec<usize> {
    let mut bytes = vec![0; 64 * 1024];
    let count = wait(|| client.socket.peek(&mut bytes).ok());
    let (mut records, mut left) = (Vec::new(), &bytes[..count]);
    while let [_, _, _, high, low, ..] = *left {
        let length = 5 + usize::from(u16::from_be_bytes([high, low]));
        records.push(length);
        left = &left[length..];
    }
    records
}

/// The length of a record in which a key update is.
const KEY_UPDATE: usize = 22 + 5;

/// Cryptography whose keys are good for so many records.
fn worn_after(records: u64) -> CryptoProvider {
    let mut provider = provider();
    let suite = provider.cipher_suites[0].tls13().unwrap();
    let suite: &'static Tls13CipherSuite = Box::leak(Box::new(Tls13CipherSuite {
        common: CipherSuiteCommon {
            confidentiality_limit: records,
            ..suite.common
        },
        ..*suite
    }));
    provider.cipher_suites = vec![suite.into()];
    provider
}

#[test]
fn our_keys_change_before_they_are_worn() {
    let config = TlsConfig::with_provider(worn_after(10), certified_key()).unwrap();
    let (mut stream, mut client) = connected_with(&config);
    let mut updates = 0;
    for number in 0..100 {
        let line = format!("line {number:10}\n");
        assert_eq!(stream.write(line.as_bytes()).unwrap(), line.len());
        let records = sent_records(&client);
        updates += records.iter().filter(|it| **it == KEY_UPDATE).count();
        assert_eq!(client.hear_exactly(line.len()), line.as_bytes());
        // It answers with new keys of its own.
        client.say(line.as_bytes());
        assert_eq!(read_exactly(&mut stream, line.len(), 100), line.as_bytes());
    }
    assert!((10..=14).contains(&updates), "{updates}");
}

/// A client whose records are made by hand.
fn by_hand() -> (TlsStream, std::net::TcpStream, Box<dyn MessageEncrypter>) {
    let (server, socket) = sockets();
    let mut config = client_config(provider(), None);
    config.enable_secret_extraction = true;
    let mut client = Client::new(socket, config);
    let config = TlsConfig::new(certified_key()).unwrap();
    let mut handshake = Handshake::new(server, &config).unwrap();
    let progress = shake_hands(&mut handshake, &mut client);
    assert!(matches!(progress, Progress::Done), "{progress:?}");
    let suite = client.connection.negotiated_cipher_suite().unwrap();
    let secrets = client.connection.dangerous_extract_secrets().unwrap();
    let (0, ConnectionTrafficSecrets::Aes128Gcm { key, iv }) = secrets.tx else {
        panic!("it has begun with other keys");
    };
    let algorithm = suite.tls13().unwrap().aead_alg;
    (
        handshake.finish(),
        client.socket,
        algorithm.encrypter(key, iv),
    )
}

fn encrypted(
    encrypter: &mut Box<dyn MessageEncrypter>,
    content: ContentType,
    bytes: &[u8],
    number: u64,
) -> Vec<u8> {
    let message = OutboundPlainMessage {
        typ: content,
        version: ProtocolVersion::TLSv1_2,
        payload: OutboundChunks::Single(bytes),
    };
    encrypter.encrypt(message, number).unwrap().encode()
}

/// rustls looks on in the middle of what is kept for it, also when it is asked to write.
#[test]
fn something_is_sent_in_the_middle_of_a_key_update() {
    let (mut stream, mut socket, mut encrypter) = by_hand();
    let update = [24, 0, 0, 1, 1];
    for (number, byte) in update.iter().enumerate() {
        let record = encrypted(
            &mut encrypter,
            ContentType::Handshake,
            &[*byte],
            number as u64,
        );
        socket.write_all(&record).unwrap();
        let (said, end) = read_all(&mut stream, &mut [0; 100]);
        assert_eq!(said, b"");
        assert_eq!(end.unwrap_err().kind(), ErrorKind::WouldBlock);
        assert_eq!(stream.write(b"a line\n").unwrap(), 7);
    }
}

#[test]
fn a_message_that_never_ends_is_an_error() {
    let (mut stream, mut socket, mut encrypter) = by_hand();
    let (mut number, mut piece) = (0, vec![0; 8000]);
    piece[..4].copy_from_slice(&[24, 0, 0xff, 0]);
    let error = wait(|| {
        if number < 7 {
            let record = encrypted(&mut encrypter, ContentType::Handshake, &piece, number);
            socket.write_all(&record).unwrap();
            number += 1;
        }
        let (_, end) = read_all(&mut stream, &mut [0; 100]);
        end.err().filter(|it| it.kind() != ErrorKind::WouldBlock)
    });
    assert_eq!(error.kind(), ErrorKind::InvalidData);
    assert!(number <= 5, "{number} records were kept");
}

/// A flood of records with nothing in them takes no turn for ever.
#[test]
fn empty_records_are_an_error_in_the_end() {
    let (mut stream, mut socket, mut encrypter) = by_hand();
    for number in 0..40 {
        let record = encrypted(&mut encrypter, ContentType::ApplicationData, &[], number);
        socket.write_all(&record).unwrap();
    }
    let (said, end) = read_to_end(&mut stream, 100);
    assert_eq!(said, b"");
    assert_eq!(end.unwrap_err().kind(), ErrorKind::InvalidData);
}
