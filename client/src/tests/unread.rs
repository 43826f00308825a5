//! Tests of which messages count as read, and who is told.

use super::*;

// The log opens at its end, so everything above counted as read though nobody had seen it.
#[test]
fn what_is_above_the_view_stays_unread() {
    let mut chat = chat();
    let me = chat.me.as_ref().map(|me| me.id);
    let first = chat.room().unwrap().first_unread(me).unwrap();
    let last = chat.room().unwrap().log.messages().last().unwrap().seq;
    assert!(first < last);
    asked(&mut chat);
    chat.saw(&lobby(), last, last);
    assert_eq!(asked(&mut chat), []);
    chat.saw(&lobby(), first, first);
    assert_eq!(chat.room().unwrap().first_unread(me), Some(last));
    chat.saw(&lobby(), first, last);
    assert_eq!(chat.room().unwrap().first_unread(me), None);
    assert_eq!(asked(&mut chat).len(), 2);
}

#[test]
fn what_was_seen_is_told_once_and_never_goes_back() {
    let mut chat = chat();
    asked(&mut chat);
    let me = chat.me.as_ref().map(|me| me.id);
    assert_eq!(chat.room().unwrap().unread(me), 2);
    chat.seen(&lobby(), 3);
    chat.seen(&lobby(), 3);
    chat.seen(&lobby(), 2);
    assert_eq!(
        asked(&mut chat),
        [ClientMessage::Read {
            room: lobby(),
            seq: 3,
            back: false,
        }]
    );
    chat.hear(
        ServerMessage::Read {
            room: lobby(),
            seq: 2,
            back: false,
        },
        1,
    );
    assert_eq!(chat.room().unwrap().unread(me), 0);
}

#[test]
fn what_is_marked_as_unread_stays_so_until_the_room_is_opened_again() {
    let mut chat = chat();
    let me = chat.me.as_ref().map(|me| me.id);
    chat.seen(&lobby(), 3);
    asked(&mut chat);
    let first = chat.room().unwrap().log.messages()[0].seq;
    chat.mark_unread(&lobby(), first);
    let back = ClientMessage::Read {
        room: lobby(),
        seq: first - 1,
        back: true,
    };
    assert_eq!(asked(&mut chat), [back]);
    let room = chat.room().unwrap();
    assert_eq!(room.first_unread(me), Some(first));
    assert_eq!(room.divider, Some(first - 1));
    // It is in view, and another device has seen it.
    chat.saw(&lobby(), first, 3);
    assert_eq!(asked(&mut chat), []);
    assert_eq!(chat.room().unwrap().first_unread(me), Some(first));
    chat.open(lobby());
    chat.saw(&lobby(), first, 3);
    assert_eq!(chat.room().unwrap().first_unread(me), None);
    // The same from another device.
    let read = |seq, back| ServerMessage::Read {
        room: lobby(),
        seq,
        back,
    };
    chat.hear(read(first - 1, true), 1);
    assert_eq!(chat.room().unwrap().first_unread(me), Some(first));
    asked(&mut chat);
    chat.saw(&lobby(), first, 3);
    assert_eq!(asked(&mut chat), []);
    // Whoever writes has read.
    chat.mark_read(&lobby());
    assert_eq!(chat.room().unwrap().first_unread(me), None);
}
