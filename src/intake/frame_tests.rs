//! Tests of framing: what is a record, and that the pieces in which bytes arrive do not matter.

use proptest::prelude::*;

use super::frame::{Body, Framed, Framer};
use crate::source::{Checkpoint, Phase};

/// Frames a stream that arrives in pieces of these sizes, in turn; the end closes what is open.
fn frame(bytes: &[u8], sizes: &[usize], max: usize) -> (Vec<Framed>, Checkpoint) {
    let mut framer = Framer::new(Checkpoint::START, max);
    let mut out = Vec::new();
    let (mut at, mut turn) = (0, 0);
    while at < bytes.len() {
        let size = sizes[turn % sizes.len()].clamp(1, bytes.len() - at);
        framer.feed(&bytes[at..at + size], &mut out);
        at += size;
        turn += 1;
    }
    out.extend(framer.finish());
    (out, framer.checkpoint())
}

fn texts(bytes: &[u8]) -> Vec<String> {
    let (records, _) = frame(bytes, &[usize::MAX], 1 << 20);
    records
        .iter()
        .map(|record| match &record.body {
            Body::Bytes(body) => {
                let (start, end) = (record.span.start as usize, record.span.end as usize);
                assert_eq!(&bytes[start..end], &body[..], "the span is the place of the record");
                String::from_utf8_lossy(body).into_owned()
            }
            Body::TooLarge => "too large".into(),
        })
        .collect()
}

fn check(stream: &str, expected: &[&str]) {
    assert_eq!(texts(stream.as_bytes()), expected, "{stream:?}");
}

#[test]
fn lines_are_records() {
    check("", &[]);
    check(" \n\n", &[]);
    check("{\"a\":1}\n{\"b\":2}\n", &["{\"a\":1}", "{\"b\":2}"]);
    check("{\"a\":1}\r\n\r\n  {\"b\":2}  \r\n", &["{\"a\":1}", "{\"b\":2}"]);
    check("{\"a\":1}\n{\"b\":", &["{\"a\":1}", "{\"b\":"]);
    check("{\"a\": broken\n{\"b\":2}\n", &["{\"a\": broken", "{\"b\":2}"]);
    check("\u{feff}{\"a\":1}\n", &["{\"a\":1}"]);
    check("garbage\n{\"b\":2}\n", &["garbage", "{\"b\":2}"]);
}

#[test]
fn elements_of_an_array_are_records() {
    check("[]", &[]);
    check(" [ ] \n", &[]);
    check("[{\"a\":[1,2]}, {\"b\":\"x,]}\"}]", &["{\"a\":[1,2]}", "{\"b\":\"x,]}\"}"]);
    check("\u{feff}\n[\n  {\"a\": 1},\n  {\"b\": 2}\n]\n", &["{\"a\": 1}", "{\"b\": 2}"]);
    check("[{\"a\":\"\\\"]\"},7]", &["{\"a\":\"\\\"]\"}", "7"]);
    check("[{\"a\":1}", &["{\"a\":1}"]);
    check("[{\"a\":1},{\"b\":", &["{\"a\":1}", "{\"b\":"]);
}

#[test]
fn damage_in_an_array_stays_local() {
    check("[{\"a\":1},]", &["{\"a\":1}", ""]);
    check("[{\"a\":1},,{\"b\":2}]", &["{\"a\":1}", "", "{\"b\":2}"]);
    check("[{\"a\":1} x,{\"b\":2}]", &["{\"a\":1} x", "{\"b\":2}"]);
    check("[{\"a\":[1},{\"b\":2}]", &["{\"a\":[1}", "{\"b\":2}"]);
    check("[\n{\"a\":\"x},\n{\"b\":2}\n]", &["{\"a\":\"x},\n{\"b\":2}\n]"]);
    check("[{\"a\":\"x\n\"},{\"b\":2}]", &["{\"a\":\"x\n\"},{\"b\":2}]"]);
    check("[{\"a\":1}]\ngarbage\n{\"b\":2}\n", &["{\"a\":1}", "garbage", "{\"b\":2}"]);
}

#[test]
fn pretty_printed_values_are_records() {
    check("{\n  \"a\": 1\n}\n", &["{\n  \"a\": 1\n}"]);
    check(
        "{\n  \"a\": {\"b\": 2}\n}\n{\n  \"c\": 3\n}",
        &["{\n  \"a\": {\"b\": 2}\n}", "{\n  \"c\": 3\n}"],
    );
    check("{\n\"a\": 1\n},\n{\n\"b\": 2\n}", &["{\n\"a\": 1\n}", "{\n\"b\": 2\n}"]);
    check("{\n\"a\": 1\n}\nstray\n{\n\"b\": 2\n}", &["{\n\"a\": 1\n}", "stray", "{\n\"b\": 2\n}"]);
    check("{  \r\n\"a\": 1}", &["{  \r\n\"a\": 1}"]);
}

#[test]
fn too_large_records_are_not_held_and_the_next_is_found() {
    let stream = format!("{{\"a\":\"{}\"}}\n{{\"b\":2}}\n", "x".repeat(5000));
    for sizes in [[usize::MAX, 1], [7, 7]] {
        let (records, _) = frame(stream.as_bytes(), &sizes, 100);
        assert_eq!(records[0].body, Body::TooLarge);
        assert_eq!(records[0].span.end, 5008);
        assert_eq!(records[1].body, Body::Bytes(b"{\"b\":2}".to_vec()));
    }
    let (one, _) = frame(stream.as_bytes(), &[usize::MAX], 100);
    let (other, _) = frame(stream.as_bytes(), &[3], 100);
    assert_eq!(one[0].digest, other[0].digest);
}

#[test]
fn every_phase_has_a_name() {
    for phase in [
        Phase::Start,
        Phase::Lines,
        Phase::Values,
        Phase::ArrayOpen,
        Phase::ArrayComma,
        Phase::ArrayElement,
        Phase::ArrayEnd,
    ] {
        assert_eq!(Phase::from_name(phase.name()), Some(phase));
    }
}

/// Streams that are near to what generators write.
fn stream() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        Just("{\"a\":1}".to_owned()),
        Just("{\"t\":\"x, ] } \\\" y\"}".to_owned()),
        Just("{\n \"p\": [1, {\"q\": 2}]\n}".to_owned()),
        "[\\[\\]{},\":\\\\ \n\r\ta-c]{0,12}",
        "\\PC{0,6}",
    ];
    let separator =
        prop_oneof![Just("\n"), Just(","), Just(",\n  "), Just(""), Just("\r\n"), Just("]\n")];
    let opening = prop_oneof![
        Just(""),
        Just("["),
        Just("[\n"),
        Just("\u{feff}"),
        Just("\u{feff}["),
        Just("{\n"),
        Just(" ")
    ];
    (opening, proptest::collection::vec((piece, separator), 0..12)).prop_map(|(opening, pieces)| {
        let mut text = opening.to_owned();
        for (piece, separator) in pieces {
            text.push_str(&piece);
            text.push_str(separator);
        }
        text.into_bytes()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn framing_at_any_split_equals_framing_whole(
        bytes in stream(), sizes in proptest::collection::vec(1usize..9, 1..6), max in prop_oneof![Just(10usize), Just(1 << 20)],
    ) {
        prop_assert_eq!(frame(&bytes, &[usize::MAX], max), frame(&bytes, &sizes, max));
    }

    #[test]
    fn framing_goes_on_from_every_checkpoint(bytes in stream()) {
        let (whole, end) = frame(&bytes, &[usize::MAX], 1 << 20);
        for (index, record) in whole.iter().enumerate() {
            let offset = record.next.offset as usize;
            if offset > bytes.len() {
                continue;
            }
            let mut framer = Framer::new(record.next, 1 << 20);
            let mut rest = Vec::new();
            framer.feed(&bytes[offset..], &mut rest);
            rest.extend(framer.finish());
            prop_assert_eq!(&rest[..], &whole[index + 1..]);
            prop_assert_eq!(framer.checkpoint(), end);
        }
    }

    #[test]
    fn records_do_not_overlap_and_leave_nothing_but_marks_out(bytes in stream()) {
        let (whole, _) = frame(&bytes, &[usize::MAX], 1 << 20);
        let mut before = 0;
        for record in &whole {
            prop_assert!(record.span.start >= before && record.span.end >= record.span.start);
            let between = &bytes[before as usize..record.span.start as usize];
            let marks = |byte: &u8| byte.is_ascii_whitespace() || b"[],".contains(byte) || b"\xef\xbb\xbf".contains(byte);
            prop_assert!(between.iter().all(marks), "{:?}", String::from_utf8_lossy(between));
            before = record.span.end;
        }
    }

    #[test]
    fn framing_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..300), size in 1usize..40) {
        frame(&bytes, &[size], 50);
    }
}
