//! Changing keys: by records, bytes and time, and a peer that does not change them.

use std::time::Duration;

use super::*;
use crate::crypto::hkdf::Secret;
use crate::limits::{RekeyLimits, V2_REFUSED_SEQUENCE};
use crate::v2::inner_type::InnerType;
use crate::v2::key_schedule::AP_C;
use crate::v2::record::DirectionKeys;
use crate::wire::trace::Trace;

fn pair_with(rekey: RekeyLimits) -> Pair {
    let (mut server, mut client) = (server_config(), v2_client_config());
    server.limits.rekey = rekey;
    client.limits.rekey = rekey;
    let mut pair = Pair::with(server, client);
    pair.run();
    pair
}

fn say(pair: &mut Pair, times: usize, text: &[u8]) {
    for _ in 0..times {
        pair.client.send(text, pair.now).unwrap();
        pair.run();
    }
}

portable_test! {
    // A secret that is stolen from memory opens nothing that was sent before the last change
    // (PROTOCOL.md §2.13).
    fn keys_change_after_so_many_records_and_nothing_is_lost() {
        let mut pair = pair_with(RekeyLimits { records: 3, ..RekeyLimits::default() });
        say(&mut pair, 10, b"text");
        assert_eq!(pair.server_seen.messages.len(), 10);
        assert_eq!(pair.client_seen.rekeyed, [Direction::Sent; 3]);
        assert_eq!(pair.server_seen.rekeyed, [Direction::Received; 3]);
        // The other direction has its own keys and its own count (PROTOCOL.md §2.10).
        pair.server.send(b"still", pair.now).unwrap();
        pair.run();
        assert_eq!(pair.client_seen.messages, [b"still"]);
    }

    fn keys_change_after_so_many_bytes() {
        let mut pair = pair_with(RekeyLimits { bytes: 10_000, ..RekeyLimits::default() });
        say(&mut pair, 4, &[b'x'; 6000]);
        assert_eq!(pair.client_seen.rekeyed.len(), 1);
        assert_eq!(pair.server_seen.messages.len(), 4);
    }

    // Keys that have sealed nothing have nothing to protect, so an idle connection stays silent.
    fn keys_change_with_time_but_only_if_they_were_used() {
        let mut pair = pair_with(RekeyLimits::default());
        assert_eq!(pair.client.poll_timeout(), None);
        say(&mut pair, 1, b"text");
        let due = pair.client.poll_timeout().unwrap();
        assert_eq!(due, pair.now + Duration::from_mins(10));
        pair.client.handle_timeout(pair.now);
        assert!(pair.client.poll_event().is_none(), "not early");
        pair.now = due;
        pair.client.handle_timeout(due);
        pair.run();
        assert_eq!(pair.server_seen.rekeyed, [Direction::Received]);
        assert_eq!(pair.client.poll_timeout(), None);
        say(&mut pair, 1, b"after");
        assert_eq!(pair.server_seen.messages.len(), 2);
    }

    // An update that kept the key would protect nothing.
    fn old_keys_do_not_open_what_new_ones_sealed() {
        let keys = || DirectionKeys::new(Secret::new([7; 32]), &AP_C);
        let (mut sender, mut stuck) = (keys(), keys());
        sender.update();
        let mut record = vec![0; 5];
        record.extend_from_slice(b"content");
        sender.seal(InnerType::Data, 0, &mut record, &mut Trace::none());
        let (header, body) = record.split_at_mut(5);
        assert_eq!(stuck.open(header, body, &mut Trace::none()), Err(PeerMisbehaved::UnopenableRecord));
    }

    // The receiver counts too: a hostile sender must not bring a sequence number near its wrap.
    fn records_past_the_rekey_bound_are_refused() {
        let keys = || DirectionKeys::new(Secret::new([7; 32]), &AP_C);
        let (mut sender, mut receiver) = (keys(), keys());
        sender.set_sequence(V2_REFUSED_SEQUENCE - 1);
        receiver.set_sequence(V2_REFUSED_SEQUENCE - 1);
        let mut seal_and_open = || {
            let mut record = vec![0; 5];
            sender.seal(InnerType::Data, 0, &mut record, &mut Trace::none());
            let (header, body) = record.split_at_mut(5);
            receiver.open(header, body, &mut Trace::none()).map(|(inner_type, _)| inner_type)
        };
        assert_eq!(seal_and_open(), Ok(InnerType::Data as u8));
        assert_eq!(seal_and_open(), Err(PeerMisbehaved::RekeyOverdue));
    }
}
