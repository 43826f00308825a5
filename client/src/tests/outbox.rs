//! Tests of what happens to written texts: acks, rejections, and what an older server cannot do.

use super::*;

#[test]
fn an_own_message_leaves_the_outbox_with_its_entry_or_with_a_late_ack() {
    let mut chat = chat();
    let (one, two) = (write(&mut chat, 1), write(&mut chat, 2));
    let ack = |id, seq| ServerMessage::Ack {
        id,
        room: lobby(),
        seq,
        at: Timestamp::from_unix_millis(0).unwrap(),
    };
    chat.hear(ack(one, 4), 1);
    assert_eq!(chat.outbox.lines()[0].state, DeliveryState::Acked(4));
    let mut own = says(4, "ada", "hi");
    own.id = one;
    chat.hear(happens(&lobby(), own), 1);
    assert_eq!(chat.outbox.lines().len(), 1);
    let mut own = says(5, "ada", "hi");
    own.id = two;
    chat.hear(happens(&lobby(), own), 1);
    chat.hear(ack(two, 5), 1);
    assert!(chat.outbox.lines().is_empty());
    // An id of another person may be the same by chance.
    let three = write(&mut chat, 3);
    let mut other = says(6, "bob", "hi");
    other.id = three;
    chat.hear(happens(&lobby(), other), 1);
    assert_eq!(chat.outbox.lines().len(), 1);
}

#[test]
fn a_refusal_belongs_to_what_was_refused() {
    let mut chat = chat();
    let id = write(&mut chat, 1);
    let refuse = |about: String| ServerMessage::Error {
        code: ChatErrorCode::RateLimited,
        message: "Too fast.".into(),
        retry_after: None,
        about: Some(about),
    };
    chat.hear(refuse(id.to_string()), 1);
    assert_eq!(
        chat.outbox.lines()[0].state,
        DeliveryState::Refused("Too fast.".into())
    );
    // An error about a message is shown at the message, and needs no notice.
    assert!(chat.room().unwrap().notices.is_empty());
    chat.hear(refuse("lobby".into()), 1);
    assert_eq!(chat.room().unwrap().notices[0].text, "Too fast.");
}

// The text of an older server names the word of the protocol that it does not know.
#[test]
fn what_an_older_server_cannot_do_is_said_in_plain_words() {
    let mut chat = chat();
    let refuse = |about: Option<String>| ServerMessage::Error {
        code: ChatErrorCode::UnknownType,
        message: "unknown variant `dance`, expected one of `hello`".into(),
        retry_after: None,
        about,
    };
    chat.hear(refuse(None), 1);
    let said = &chat.room().unwrap().notices[0].text;
    assert!(said.contains("earlier version") && !said.contains("variant"));
    let id = write(&mut chat, 1);
    chat.hear(refuse(Some(id.to_string())), 1);
    let DeliveryState::Refused(why) = &chat.outbox.lines()[0].state else {
        panic!("it is not refused");
    };
    assert!(why.contains("earlier version"));
}

// The server has a bound of reactions: a person must see which one was not taken, and why.
#[test]
fn a_refused_reaction_stays_in_the_outbox_with_the_reason_until_it_is_dropped() {
    let mut chat = chat();
    let id = write(&mut chat, 1);
    let mut reaction = chat.outbox.lines()[0].clone();
    chat.outbox.remove(id);
    reaction.what = Writing::React {
        of: 1,
        emoji: shared::chat::Emoji::parse("👍").unwrap(),
        on: true,
    };
    chat.outbox.push(reaction);
    chat.hear(
        ServerMessage::Error {
            code: ChatErrorCode::LimitReached,
            message: "Take one back first.".into(),
            retry_after: None,
            about: Some(id.to_string()),
        },
        1,
    );
    let line = &chat.outbox.lines()[0];
    assert!(matches!(line.what, Writing::React { of: 1, .. }));
    let refused = DeliveryState::Refused("Take one back first.".into());
    assert_eq!(line.state, refused);
    assert!(chat.room().unwrap().notices.is_empty());
    chat.outbox.remove(id);
    assert!(chat.outbox.lines().is_empty());
}
